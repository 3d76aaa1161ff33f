import { locate } from '../dataset/locate.ts'
import { examine, type Finding } from '../job/doctor.ts'
import { checkArgument, checkOptions, text } from './check-options.ts'
import { definedOnly, variables } from './environment.ts'
import { exitCode } from './exit-code.ts'
import { withWords } from './waybill-error.ts'

/** What `doctor` may be told. */
export interface DoctorOptions {
  /** The environment in which programs are looked for; default: this process's. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** What this machine has of what Waybill needs. */
export interface DoctorOutcome {
  readonly findings: readonly Finding[]
  /** False: the path lies in no repository, and no ledger was looked at. */
  readonly inRepository: boolean
  /** 1 when something is missing or too old. */
  readonly exitCode: number
}

/** Checks the programs that Waybill uses and the file system of the ledger at `path`, as `waybill doctor`. Changes nothing. */
export async function doctor(path = '.', options: DoctorOptions = {}): Promise<DoctorOutcome> {
  checkArgument('doctor', 'the path', path, text)
  checkOptions('doctor', options, { env: variables })
  const env = options.env ?? definedOnly(process.env)
  return withWords(async () => {
    const found = await locate(path, env)
    const dataset = found.ok ? found.value : null
    const findings = await examine(dataset, env, process.versions.node, glibcVersion())
    const bad = findings.some(({ state }) => state === 'old' || state === 'missing')
    return { findings, inRepository: found.ok, exitCode: bad ? exitCode.trouble : exitCode.ok }
  })
}

function glibcVersion(): string | null {
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime ?? null
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileSystemOf } from '../ledger/file-system.ts'
import { CannotStart, run } from '../process/run.ts'
import type { Dataset } from '../dataset/locate.ts'

/** One thing that was looked at. `needed` is the oldest release that works, and why (docs/requirements.md). */
export interface Finding {
  readonly what:
    'node' | 'git' | 'git-annex' | 'slurm' | 'accounting' | 'ssh' | 'glibc' | 'ledger' | 'identity'
  readonly state: 'ok' | 'old' | 'missing' | 'doubtful'
  readonly found: string
  readonly needed: string
}

/** A program of the table in docs/requirements.md. */
interface Requirement {
  readonly what: Finding['what']
  readonly program: string
  readonly args: readonly string[]
  readonly oldest: string
  /** Without it some of Waybill works all the same. */
  readonly optional: boolean
}

const requirements: readonly Requirement[] = [
  { what: 'git', program: 'git', args: ['--version'], oldest: '2.31', optional: false },
  {
    what: 'git-annex',
    program: 'git-annex',
    args: ['version', '--raw'],
    oldest: '8.20201007',
    optional: true,
  },
  { what: 'slurm', program: 'sbatch', args: ['--version'], oldest: '21.08', optional: true },
  { what: 'ssh', program: 'ssh', args: ['-V'], oldest: '7.3', optional: true },
]

/** Looks at what Waybill needs on this machine, and at the ledger's file system. Changes nothing. */
export async function examine(
  dataset: Dataset | null,
  env: Readonly<Record<string, string>>,
  nodeVersion: string,
  glibcVersion: string | null,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [compare('node', nodeVersion, '24', false)]
  if (glibcVersion !== null) findings.push(compare('glibc', glibcVersion, '2.28', false))
  findings.push(...(await Promise.all(requirements.map(async (requirement) => ask(requirement, env)))))
  if (findings.some(({ what, state }) => what === 'slurm' && state === 'ok'))
    findings.push(await accounting(env))
  if (dataset !== null) findings.push(ledger(dataset))
  return findings
}

async function ask(requirement: Requirement, env: Readonly<Record<string, string>>): Promise<Finding> {
  const { what, program, args, oldest, optional } = requirement
  try {
    const { stdout, stderr } = await run(program, args, { env: { ...env, LC_ALL: 'C' }, timeoutMs: 20_000 })
    const version = /\d+(?:\.\d+)+/.exec(`${stdout.toString()} ${stderr}`)?.[0]
    if (version !== undefined) return compare(what, version, oldest, optional)
    // Without a configuration sbatch tells not even its version: its own words say what is amiss.
    const said = stderr.trim().split('\n')[0] ?? ''
    return { what, state: optional ? 'doubtful' : 'old', found: said || 'an unknown version', needed: oldest }
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error
    return { what, state: optional ? 'doubtful' : 'missing', found: 'not installed', needed: oldest }
  }
}

function compare(what: Finding['what'], found: string, oldest: string, optional: boolean): Finding {
  const enough = atLeast(found, oldest)
  return { what, state: enough ? 'ok' : optional ? 'doubtful' : 'old', found, needed: oldest }
}

/** Whether one dotted version is not older than another. */
export function atLeast(found: string, oldest: string): boolean {
  const left = found.split('.').map(Number)
  const right = oldest.split('.').map(Number)
  for (let i = 0; i < right.length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (Number.isNaN(difference)) return false
    if (difference !== 0) return difference > 0
  }
  return true
}

async function accounting(env: Readonly<Record<string, string>>): Promise<Finding> {
  const asked = await run('sacct', ['-n', '-X', '-j', '1'], {
    env: { ...env, LC_ALL: 'C' },
    timeoutMs: 20_000,
  })
  const answers = asked.code === 0
  return {
    what: 'accounting',
    state: answers ? 'ok' : 'doubtful',
    found: answers ? 'answers' : (asked.stderr.trim().split('\n')[0] ?? ''),
    needed: 'any',
  }
}

function ledger(dataset: Dataset): Finding {
  const folder = join(dataset.commonDir, 'waybill')
  const { name, local } = fileSystemOf(existsSync(folder) ? folder : dataset.commonDir)
  return {
    what: 'ledger',
    state: local ? 'ok' : 'doubtful',
    found: name,
    needed: 'ext, xfs, btrfs, zfs or tmpfs',
  }
}

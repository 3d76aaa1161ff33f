import type { Json } from '../../provenance/python-json.ts'
import type { Job } from '../context.ts'
import type { CheckNote } from '../note.ts'
import type { Report } from '../report.ts'
import { calledName, jobFacts } from '../select.ts'
import { mayBlock, type CheckResult } from './results.ts'

/** Of an array, above so many results those that passed are counted. */
const mostResults = 100

type Results = ReadonlyMap<number, readonly CheckResult[]>

/** How checks came out, as a record says it: of an array with the key beside each. */
export function checksJson({ spec }: Job, results: Results): readonly Json[] {
  const { asset, parts } = spec
  const all = [...results].flatMap(([task, own]) => own.map((result) => ({ task, result })))
  const told = ({ task, result }: (typeof all)[number]): Json => ({
    ...(parts.kind === 'array' ? { key: asset?.keys?.[task] ?? null } : {}),
    ...plain(result),
  })
  if (all.length <= mostResults) return all.map(told)
  const passed = Map.groupBy(
    all.filter(({ result }) => result.passed === true),
    ({ result }) => result.name,
  )
  return [
    ...[...passed].map(([name, those]) => ({ name, passed: true, keys: those.length })),
    ...all.filter(({ result }) => result.passed !== true).map(told),
  ]
}

/** What there is to say of checks that did not pass, a line for all keys of which it is the same. */
export function checkReports(job: Job, results: Results): readonly Report[] {
  const { asset, checks = [], parts } = job.spec
  const blocking = new Set(checks.flatMap((check) => (check.blocking ? [check.name] : [])))
  const bad = [...results].flatMap(([task, own]) =>
    own.filter(({ passed }) => passed !== true).map((result) => ({ task, result })),
  )
  const alike = Map.groupBy(bad, ({ result: { name, passed, severity, exit_code } }) =>
    JSON.stringify([name, passed, severity, exit_code]),
  )
  return [...alike.values()].flatMap((those): readonly Report[] => {
    const [first] = those
    if (first === undefined) return []
    const { result } = first
    const keys =
      asset?.keys === null
        ? null
        : those.flatMap(({ task }) => asset?.keys?.[parts.kind === 'array' ? task : 0] ?? [])
    const blocks = blocking.has(result.name) && mayBlock(result)
    const note: CheckNote = {
      kind: result.passed === null ? 'check-not-known' : 'check-not-passed',
      asset: asset?.name ?? '',
      check: result.name,
      keys,
      blocking: blocks,
      exitCode: result.exit_code ?? null,
      why: result.why ?? null,
      condition: result.condition ?? null,
      value: result.value ?? null,
      job: calledName(job),
    }
    const facts = {
      asset: note.asset,
      ...(keys === null ? {} : { keys }),
      ...plain(result),
      blocking: blocks,
    }
    return [
      {
        action: 'check',
        status: blocks ? 'error' : 'notneeded',
        path: '',
        type: 'job',
        note,
        facts: { ...jobFacts(job), ...facts },
      },
    ]
  })
}

/** Without objects that have no prototype, of which metadata are made. */
function plain(result: CheckResult): { readonly [key: string]: Json } {
  return JSON.parse(JSON.stringify(result)) as { readonly [key: string]: Json }
}

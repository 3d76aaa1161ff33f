import { parseCondition } from '../../job/metric-condition.ts'
import { badPlainName } from './asset-name.ts'
import type { Asset, Check, Retry } from './definitions.ts'
import { readKey, type Partitions } from './key-space.ts'
import type { Report } from './local-report.ts'
import { nearest } from '../../contract/nearest.ts'
import type { ValuePath } from './problem.ts'
import { readOverrides } from './read-overrides.ts'
import { readPartitions } from './read-partitions.ts'
import { readPath, type PathPlace } from './read-paths.ts'
import { readRun, templateReader } from './read-run.ts'
import { dimensionsOf, type Template } from './template.ts'
import type { WrittenAsset, WrittenCheck } from './written.ts'

/** Ends of a job that may be tried again (sacct(1), JOB STATE CODES). What a person cancelled stays so. */
const retriable = [
  'FAILED',
  'TIMEOUT',
  'OUT_OF_MEMORY',
  'NODE_FAIL',
  'BOOT_FAIL',
  'DEADLINE',
  'PREEMPTED',
] as const

/**
 * Reads one asset by itself; null where not enough of it is right to say more, which was reported. Names in `needs` that are
 * `externals` are told apart; whether the others exist is not looked at.
 */
export function readAsset(
  name: string,
  written: WrittenAsset,
  externals: ReadonlySet<string>,
  place: PathPlace,
  report: Report,
): Asset | null {
  const path = ['assets', name]
  const at = (...more: ValuePath): ValuePath => [...path, ...more]
  const partitions =
    written.partitions === undefined ? null : readPartitions(written.partitions, at('partitions'), report)
  const dimensions = Object.keys(written.partitions ?? {})
  const template = templateReader(dimensions, report)
  const paths = (texts: readonly string[] | undefined, key: string): readonly Template[] =>
    (texts ?? []).flatMap((text, i) => readPath(template(text, at(key, i)), place, at(key, i), report) ?? [])
  const outputs = paths(written.outputs, 'outputs')
  for (const [i, text] of (written.outputs ?? []).entries()) {
    const named = dimensionsOf(template(text, at('outputs', i)))
    const lacking = dimensions.filter((dimension) => !named.has(dimension))
    if (lacking.length > 0)
      report({ kind: 'output-lacks-dimension', output: text, dimensions: lacking }, at('outputs', i))
  }
  const run = readRun(written.run, at('run'), report, template, partitions)
  const levels = (key: 'sites' | 'keys'): Asset['bySite'] =>
    new Map(
      Object.entries(written[key] ?? {}).map(([level, one]) => [
        level,
        readOverrides(one, at(key, level), report, template),
      ]),
    )
  checkKeys(written, partitions, at('keys'), report)
  const checks = readChecks(written.checks ?? {}, partitions, at('checks'), report, template)
  const group = written.group ?? null
  const bad = group === null ? null : badPlainName(group)
  if (group !== null && bad !== null) report({ kind: 'bad-name', name: group, why: bad }, at('group'))
  for (const [i, tag] of (written.tags ?? []).entries()) {
    const why = badPlainName(tag)
    if (why !== null) report({ kind: 'bad-name', name: tag, why }, at('tags', i))
  }
  const retry = readRetry(written.retry, at('retry'), report)
  const own = readOverrides(written, path, report, template)
  const inputs = paths(written.inputs, 'inputs')
  const bySite = levels('sites')
  const byKey = levels('keys')
  if (run === null || (partitions === null && written.partitions !== undefined)) return null
  const needs = [...new Set(written.needs ?? [])]
  return {
    name,
    needs: needs.filter((one) => !externals.has(one)),
    observes: needs.filter((one) => externals.has(one)),
    inputs,
    outputs,
    run,
    partitions,
    extras: written.extras ?? {},
    own,
    bySite,
    byKey,
    retry,
    checks,
    group,
    site: written.site ?? null,
    description: written.description ?? null,
    owners: written.owners ?? [],
    tags: written.tags ?? [],
  }
}

/** Overrides by key are of keys that there are, or, of windows, of keys that there may be. */
function checkKeys(
  written: WrittenAsset,
  partitions: Partitions | null,
  path: ValuePath,
  report: Report,
): void {
  if (written.keys === undefined) return
  if (written.partitions === undefined) report({ kind: 'keys-without-partitions' }, path, 'key')
  if (partitions === null) return
  const [only] = partitions.values()
  const listed = partitions.size === 1 && only?.kind === 'list' ? only.keys : []
  for (const key of Object.keys(written.keys)) {
    if (readKey(partitions, key) === null)
      report({ kind: 'unknown-override-key', key, nearest: nearest(key, listed) }, [...path, key], 'key')
  }
}

function readChecks(
  written: Readonly<Record<string, WrittenCheck>>,
  partitions: Partitions | null,
  path: ValuePath,
  report: Report,
  template: (text: string, path: ValuePath) => Template,
): readonly Check[] {
  return Object.entries(written).flatMap(([name, check]): readonly Check[] => {
    const at = [...path, name]
    const why = badPlainName(name)
    if (why !== null) report({ kind: 'bad-name', name, why }, at, 'key')
    const blocking = check.blocking ?? false
    const found = [
      ...(check.run === undefined ? [] : ['run']),
      ...(check.metric === undefined ? [] : ['metric']),
    ]
    if (found.length !== 1) report({ kind: 'exactly-one', of: ['run', 'metric'], found }, at, 'key')
    if (check.metric !== undefined) {
      const metric = parseCondition(check.metric)
      if (metric.ok) return [{ kind: 'metric', name, blocking, metric: metric.value }]
      report(metric.failure, [...at, 'metric'])
    }
    const run =
      check.run === undefined ? null : readRun(check.run, [...at, 'run'], report, template, partitions)
    return run === null ? [] : [{ kind: 'run', name, blocking, run }]
  })
}

/** Where nothing is said of it. */
const once: Retry = { attempts: 1, when: new Set(retriable), grow: { cpus: 1, memory: 1, time: 1 } }

function readRetry(written: WrittenAsset['retry'], path: ValuePath, report: Report): Retry {
  if (written === undefined) return once
  const known: readonly string[] = retriable
  for (const [i, state] of (written.when ?? []).entries()) {
    if (known.includes(state)) continue
    report({ kind: 'not-one-of', found: state, nearest: nearest(state, known), known }, [...path, 'when', i])
  }
  const { cpus = 1, memory = 1, time = 1 } = written.grow ?? {}
  return {
    attempts: written.attempts,
    when: new Set(written.when ?? known),
    grow: { cpus, memory, time },
  }
}

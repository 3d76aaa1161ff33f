import type { Group } from '../job/evidence.ts'
import type { Shown } from '../job/show.ts'
import type { Json } from '../provenance/python-json.ts'
import type { RunRecord } from '../provenance/record.ts'
import { bytes, counted, dateTime, duration } from '../api/quantities.ts'
import { printable } from '../api/printable.ts'
import { metricFields } from './metric-lines.ts'

/** Files, and keys of an asset, are named up to so many; else they are counted. */
const named = 20

/** A record for people: what ran, where, how long, how much memory, from what, and what it made. */
export function recordLines(shown: Shown): readonly string[] {
  return shown.kind === 'record' ? madeLines(shown) : openLines(shown)
}

function openLines(shown: Exclude<Shown, { kind: 'record' }>): readonly string[] {
  const { spec, evidence } = shown
  return fields([
    [
      'job',
      `${shown.job} (${shown.kind === 'open' ? `${shown.state}; not recorded yet` : overWords(shown)})`,
    ],
    ['command', spec.cmd],
    ['directory', spec.pwd],
    ['state', evidence?.groups.map(groupWords).join(', ')],
    ['recorded', shown.recorded.map(({ tasks, commit }) => `${tasks} as ${commit.slice(0, 10)}`).join(', ')],
    ['inputs', spec.inputs.join(' ')],
    ['outputs', spec.outputs.join(' ')],
  ])
}

function groupWords({ job, parts, state }: Group): string {
  const name = job === undefined || parts === '' ? (job ?? parts) : `${job}_[${parts}]`
  return `${name} ${state}`.trim()
}

/** Why a job that is over has no record. */
function overWords({ state, how }: Exclude<Shown, { kind: 'record' }>): string {
  if (how === 'nothing-changed') return 'over; it changed nothing, and so needed no record'
  if (how === 'never-submitted') return 'it was never submitted'
  if (how === 'replaced')
    return 'over; its failed tasks were submitted again, by `waybill reschedule --failed-tasks`'
  if (state === 'refused') return 'refused by the scheduler; it never ran'
  return 'closed without a record; its files were left as they were'
}

function madeLines(shown: Extract<Shown, { kind: 'record' }>): readonly string[] {
  const { record } = shown
  const own = record.waybill ?? {}
  const [title = '', ...rest] = shown.text.split('\n')
  return [
    printable(title),
    ...rest.map((line) => (line === '' ? '' : `    ${printable(line)}`)),
    '',
    ...fields([
      ['commit', shown.commit],
      ['of subdataset', shown.subdataset],
      ['command', typeof record.cmd === 'string' ? record.cmd : record.cmd.join(' ')],
      ['directory', record.pwd],
      ['asset', assetWords(own['asset'])],
      ['ended as', endWords(record, own)],
      [
        'tasks',
        texts(own['tasks'])
          .map((row) => taskRow(row, own['asset']))
          .join('; '),
      ],
      ['jobs', jobsWords(own['jobs'])],
      ['submitted', childrenWords(own['children'])],
      ['recorded here', taskWords(own['recorded_tasks'])],
      ['ran', timeWords(own)],
      ['on', placeWords(own)],
      ['used', useWords(own)],
      ...metricFields(shown.metrics),
      ['checks', checkWords(own['checks'])],
      [
        'from',
        record.commit_id === undefined
          ? undefined
          : record.commit_id === null
            ? 'an empty history'
            : `commit ${record.commit_id}`,
      ],
      ['changed since', texts(own['differed']).join(' ')],
      ['script', scriptWords(own['script'])],
      ['repeats', record.chain.join(' ')],
      ['later facts', shown.note?.trim().replaceAll(/\s*\n\s*/g, ' ')],
    ]),
    ...list('inputs', [...record.inputs, ...record.extra_inputs]),
    ...list(
      'outputs declared',
      record.outputs.filter((path) => !(record.slurm_outputs ?? []).includes(path)),
    ),
    ...list(
      'it made',
      shown.made.map(({ path, what }) => (what === 'added' ? path : `${path} (${what})`)),
    ),
  ]
}

/** Lines `name: value`, without those of which there is no value. */
export function fields(pairs: readonly (readonly [string, string | undefined])[]): readonly string[] {
  return pairs.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${`${name}:`.padEnd(15)}${printable(value)}`],
  )
}

/** A title and an item a line; nothing for no items. */
export function list(title: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return []
  const more =
    items.length > named
      ? [`  … and ${counted(items.length - named, 'more', 'more')} (--json lists all)`]
      : []
  return [`${title}:`, ...items.slice(0, named).map((item) => `  ${printable(item)}`), ...more]
}

type Own = { readonly [key: string]: Json }

function endWords(record: RunRecord, own: Own): string {
  const state = text(own['state']) ?? ''
  const code = record.exit ?? number(own['exit_code'])
  const signal = number(own['exit_signal'])
  const how =
    code === undefined
      ? ''
      : `, exit code ${code}${signal === undefined || signal === 0 ? '' : `, signal ${signal}`}`
  const word = text(own['assumed']) === undefined ? '' : ' (by the word of a person)'
  return `${state}${how}${word}`.replace(/^, /, '')
}

/** The asset that was made, and of which keys: beside a row of tasks stands which of them they are. */
function assetWords(asset: Json | undefined): string {
  if (typeof asset !== 'object' || asset === null || Array.isArray(asset)) return ''
  const { name, keys, key_count: count } = asset as Own
  const all = texts(keys)
  const many = number(count) ?? all.length
  if (many === 0) return text(name) ?? ''
  return `${text(name) ?? ''} (${many > named || all.length === 0 ? counted(many, 'key') : all.join(', ')})`
}

/** A row of tasks that did not complete, with the keys that they were to make. */
function taskRow(row: string, asset: Json | undefined): string {
  const [indices = '', ...words] = row.split(' ')
  if (typeof asset !== 'object' || asset === null || Array.isArray(asset)) return row
  const keys = texts((asset as Own)['keys'])
  const tasks = /^\d+(?:,\d+)*$/.test(indices) ? indices.split(',').map(Number) : []
  const own = tasks.map((task) => keys[task] ?? '').filter((key) => key !== '')
  if (words[0] === 'COMPLETED' || own.length === 0 || own.length > named) return row
  return `${indices} (${own.join(', ')}) ${words.join(' ')}`
}

/** The jobs of a command that submitted several. */
function jobsWords(jobs: Json | undefined): string {
  if (!Array.isArray(jobs)) return ''
  return jobs
    .flatMap((job: Json) => {
      if (typeof job !== 'object' || job === null || Array.isArray(job)) return []
      const facts = job as { readonly [key: string]: Json }
      const tasks = texts(facts['tasks']).join('; ')
      return [`${String(facts['slurm_job_id'])} ${tasks === '' ? String(facts['state']) : `(${tasks})`}`]
    })
    .join(', ')
}

/** What its payload submitted. */
function childrenWords(children: Json | undefined): string {
  if (children === null) return 'not available'
  if (typeof children !== 'object' || children === null || Array.isArray(children)) return ''
  const { count, jobs } = children as { readonly [key: string]: Json }
  if (typeof count !== 'number') return ''
  const each = jobsWords(Array.isArray(jobs) ? jobs.slice(0, named) : undefined)
  return `${counted(count, 'job')}${each === '' ? '' : `: ${each}`}${each !== '' && count > named ? ', …' : ''}`
}

/** Of an array that was recorded in parts: which tasks this record is about. */
function taskWords(tasks: Json | undefined): string | undefined {
  const indices = text(tasks)
  return indices === undefined ? undefined : `tasks ${indices}`
}

function timeWords(own: Own): string | undefined {
  const started = text(own['started'])
  const elapsed = number(own['elapsed_seconds'])
  if (started === undefined) return undefined
  const at = dateTime(Date.parse(started) / 1000)
  return elapsed === undefined ? `at ${at}` : `at ${at}, for ${duration(elapsed)}`
}

function placeWords(own: Own): string {
  const parts = (['cluster', 'partition', 'account', 'qos', 'node_list'] as const).flatMap((key) => {
    const value = text(own[key])
    return value === undefined || value === '' ? [] : [`${key.replace('_list', 's')} ${value}`]
  })
  return own['scheduler'] === 'local' ? 'this kind of machine, without a scheduler' : parts.join(', ')
}

function useWords(own: Own): string {
  const nodes = number(own['nodes'])
  const cores = number(own['cores'])
  const gpus = number(own['gpus'])
  const cpu = number(own['cpu_seconds'])
  const memory = number(own['max_memory_bytes'])
  return [
    ...(nodes === undefined ? [] : [counted(nodes, 'node')]),
    ...(cores === undefined ? [] : [counted(cores, 'core')]),
    ...(gpus === undefined || gpus === 0 ? [] : [counted(gpus, 'GPU')]),
    ...(cpu === undefined ? [] : [`${duration(cpu)} of CPU time`]),
    ...(memory === undefined ? [] : [`${bytes(memory)} of memory at most`]),
    ...(own['accounting'] === 'pending' ? ['(accounting had not had its last word)'] : []),
  ].join(', ')
}

function scriptWords(script: Json | undefined): string | undefined {
  if (typeof script !== 'object' || script === null || Array.isArray(script)) return undefined
  const { path, from, copy } = script as Own
  const where = text(path) ?? (text(from) === undefined ? '' : `from ${text(from)}`)
  return text(copy) === undefined ? where : `${where} (its text is kept at ${text(copy)})`
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function number(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** How its checks came out; what anybody wrote is looked at with care. */
function checkWords(checks: Json | undefined): string | undefined {
  if (!Array.isArray(checks)) return undefined
  return (checks as readonly Json[])
    .flatMap((one) => {
      if (typeof one !== 'object' || one === null || Array.isArray(one)) return []
      const { name, key, passed, condition, exit_code: code } = one as { readonly [key: string]: Json }
      const how = passed === true ? 'passed' : passed === false ? 'failed' : 'unknown'
      const why =
        typeof condition === 'string'
          ? ` (not to be: ${condition})`
          : code === undefined
            ? ''
            : ` (exit code ${String(code)})`
      return [`${typeof key === 'string' ? `${key}: ` : ''}${String(name)} ${how}${why}`]
    })
    .join(', ')
}

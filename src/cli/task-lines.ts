import { counted, dateTime, duration } from '../api/quantities.ts'
import type { ShownTask } from '../job/show-task.ts'
import { metricFields } from './metric-lines.ts'
import { fields, list } from './record-lines.ts'

/** One task of an array for people. */
export function taskLines(shown: ShownTask): readonly string[] {
  const { commit, recorded, logs, outputs, made, attempts } = shown
  const own = commit !== null && !recorded ? ', which is about other tasks' : ''
  return [
    ...fields([
      ['task', shown.job],
      ['key', shown.key ?? undefined],
      ['record', commit === null ? 'none yet' : `${commit}${own}`],
      ['command', shown.cmd],
      ['ended as', endWords(shown)],
      ...metricFields(shown.metrics),
    ]),
    ...(attempts.length === 0 ? [] : list(counted(attempts.length, 'attempt'), attempts.map(attemptWords))),
    ...list('logs', logs),
    ...list('outputs declared', outputs),
    ...list(
      'it made',
      made.map(({ path, what }) => (what === 'added' ? path : `${path} (${what})`)),
    ),
  ]
}

function endWords({ state, exit }: Pick<ShownTask, 'state' | 'exit'>): string {
  if (exit === null) return state
  return `${state}, exit code ${exit.code}${exit.signal === 0 ? '' : `, signal ${exit.signal}`}`
}

function attemptWords(attempt: ShownTask['attempts'][number]): string {
  const { state, started, elapsed_seconds: elapsed, node_list: nodes } = attempt
  return [
    String(state),
    ...(typeof started === 'string' ? [`at ${dateTime(Date.parse(started) / 1000)}`] : []),
    ...(typeof elapsed === 'number' ? [`for ${duration(elapsed)}`] : []),
    ...(typeof nodes === 'string' ? [`on ${nodes}`] : []),
  ].join(', ')
}

import { phaseOf } from '../contract/job-state.ts'
import type { Row } from '../contract/scheduler.ts'
import type { AccountingEntry } from './accounting.ts'
import type { AskController } from './controller-memory.ts'
import type { QuerySettings } from './query.ts'
import type { JobRecord } from './scontrol.ts'
import { jobOf } from './show-jobs.ts'
import { knownFacts } from './slurm-facts.ts'
import { readBytes, readCount, readDuration, readTime, readWord } from './values.ts'

/**
 * Completes rows of which accounting knows the end and not yet the beginning, by what the controller says of the beginning:
 * slurmdbd gets those of short jobs up to five seconds later (seen on 22.05). Rows that it knows nothing of stay as they are.
 */
export async function withBeginnings(
  settings: QuerySettings & { readonly controller: AskController },
  entries: readonly AccountingEntry[],
  cluster: string | null,
): Promise<readonly AccountingEntry[]> {
  const half = entries.filter(({ end, row }) => end !== null && phaseOf(row.state) === 'over')
  if (half.length === 0) return entries
  const answer = await settings.controller(settings, [...new Set(half.map(({ row }) => row.job))], cluster)
  if (!answer.ok) return entries
  const records = new Map(answer.value.map((record) => [partKey(record), record]))
  return entries.map((entry) => {
    const { row, end } = entry
    if (end === null) return entry
    const record = records.get(`${row.job}/${row.task ?? row.component ?? ''}`)
    // Of a job that was requeued the controller knows the last attempt alone.
    const isSame = record !== undefined && timeOf(record['StartTime']) === row.started
    return isSame ? { ...entry, end: null, row: { ...complete(row, record), ended: end } } : entry
  })
}

function partKey(record: JobRecord): string {
  return `${jobOf(record)}/${record['ArrayTaskId'] ?? record['HetJobOffset'] ?? ''}`
}

/** scontrol writes seconds or local times as it was asked, or `Unknown`. */
export function timeOf(text = ''): number | null {
  const time = readTime(text) ?? Date.parse(text) / 1000
  return Number.isNaN(time) ? null : time
}

function complete(row: Row, record: JobRecord): Row {
  const value = (key: string): string => record[key] ?? ''
  const [eligible, limit] = [timeOf(record['EligibleTime']), readDuration(value('TimeLimit'))]
  const { nodes, cores } = row.facts
  const [perNode, perCore] = [readBytes(value('MinMemoryNode')), readBytes(value('MinMemoryCPU'))]
  const memory = (perNode ?? 0) * (nodes ?? 0) || (perCore ?? 0) * (cores ?? 0)
  return {
    ...row,
    facts: knownFacts({
      ...row.facts,
      name: readWord(value('JobName')),
      partition: readWord(value('Partition')),
      account: readWord(value('Account')),
      qos: readWord(value('QOS')),
      work_dir: readWord(value('WorkDir')),
      restarts: readCount(value('Restarts')) || null,
      queue_wait_seconds:
        eligible === null || row.started === null ? null : Math.max(0, row.started - eligible),
      time_limit_seconds: limit,
      requested_memory_bytes: memory === 0 ? null : memory,
    }),
  }
}

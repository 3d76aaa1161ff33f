import { ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { Row } from '../contract/scheduler.ts'
import { askAccounting, type AccountingEntry } from './accounting.ts'
import type { AskController } from './controller-memory.ts'
import type { SlurmFailure } from './failure.ts'
import { timeOf } from './half-rows.ts'
import type { QuerySettings } from './query.ts'
import type { JobRecord } from './scontrol.ts'
import { jobOf } from './show-jobs.ts'
import { knownFacts } from './slurm-facts.ts'
import { readTres, readTresBytes, readWord } from './values.ts'

/** The controller is asked about each: of more jobs accounting's own names are the lighter question. */
const most = 300

/** Whether all of these are plain jobs that the controller still knows, and says are over. */
export function areShownOver(jobs: readonly string[], rows: readonly Row[]): boolean {
  const shown = Map.groupBy(rows, (row) => row.job as string)
  return (
    jobs.length <= most &&
    jobs.every((id) => {
      const [row, ...others] = shown.get(id) ?? []
      const isPlain = row?.task === null && row.folded === null && row.component === null
      return isPlain && others.length === 0 && phaseOf(row.state) === 'over'
    })
  )
}

/**
 * The facts of such jobs: accounting and the controller are asked at the same time, each for what it knows without looking up
 * names. Of what only accounting can tell (GPUs, steps of several tasks, an earlier run) it is asked once more.
 */
export async function askBriefly(
  settings: QuerySettings & { readonly controller: AskController },
  jobs: readonly string[],
  cluster: string | null,
): Promise<Fallible<readonly AccountingEntry[], SlurmFailure>> {
  const [answer, shown] = await Promise.all([
    askAccounting(settings, jobs, cluster, 'brief'),
    settings.controller(settings, jobs, cluster),
  ])
  if (!answer.ok) return answer
  const records = Map.groupBy(shown.ok ? shown.value : [], jobOf)
  const entries = answer.value.map((entry) => withNames(entry, records.get(entry.row.job)?.[0]))
  const left = new Set(answer.value.flatMap(({ row }, i) => (entries[i] === null ? [row.job as string] : [])))
  const whole = left.size === 0 ? ok([]) : await askAccounting(settings, [...left], cluster, 'facts')
  if (!whole.ok) return whole
  return ok([
    ...entries.flatMap((one) => (one === null || left.has(one.row.job) ? [] : [one])),
    ...whole.value,
  ])
}

/** An entry with what was not asked of accounting; null where the controller does not know that of this very run. */
function withNames(entry: AccountingEntry, record: JobRecord | undefined): AccountingEntry | null {
  const { row, tasks } = entry
  // It is asked about again.
  if (phaseOf(row.state) !== 'over') return entry
  if (record === undefined || timeOf(record['StartTime']) !== row.started) return null
  const given = readWord(record['AllocTRES'] ?? record['TRES'] ?? '')
  if (given === null || tasks > 1 || readTres(given, 'gres/gpu') !== null) return null
  const facts = knownFacts({
    ...row.facts,
    allocated_memory_bytes: readTresBytes(given, 'mem') || null,
    billing: readTres(given, 'billing'),
    cores: readTres(given, 'cpu') ?? row.facts.cores ?? null,
    qos: readWord(record['QOS'] ?? ''),
  })
  return { ...entry, row: { ...row, facts } }
}

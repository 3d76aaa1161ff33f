import { phaseOf } from '../contract/job-state.ts'
import type { Row } from '../contract/scheduler.ts'
import type { AskController } from './controller-memory.ts'
import type { QuerySettings } from './query.ts'
import type { JobRecord } from './scontrol.ts'
import { jobOf } from './show-jobs.ts'
import { knownFacts } from './slurm-facts.ts'
import { readCount, readExit, readTres } from './values.ts'

/**
 * Completes rows of the queue that are over with what `scontrol` still knows of them: exit codes, restarts, log files.
 * For clusters without accounting; squeue cannot say these. Rows it knows nothing of stay as they are.
 */
export async function withRecords(
  settings: QuerySettings & { readonly controller: AskController },
  rows: readonly Row[],
  cluster: string | null,
): Promise<readonly Row[]> {
  const over = [...new Set(rows.filter((row) => phaseOf(row.state) === 'over').map((row) => row.job))]
  const answer = await settings.controller(settings, over, cluster)
  if (!answer.ok) return rows
  const records = new Map(answer.value.map((record) => [partKey(record), record]))
  return rows.map((row) => {
    const record = records.get(`${row.job}/${row.task ?? row.component ?? ''}`)
    return record && phaseOf(row.state) === 'over' ? complete(row, record) : row
  })
}

function partKey(record: JobRecord): string {
  return `${jobOf(record)}/${record['ArrayTaskId'] ?? record['HetJobOffset'] ?? ''}`
}

function complete(row: Row, record: JobRecord): Row {
  return {
    ...row,
    exit: readExit(record['ExitCode'] ?? ''),
    facts: knownFacts({
      ...row.facts,
      restarts: readCount(record['Restarts'] ?? ''),
      gpus: readTres(record['AllocTRES'] ?? record['TRES'] ?? '', 'gres/gpu'),
      stdout: record['StdOut'] ?? null,
      stderr: record['StdErr'] ?? null,
    }),
  }
}

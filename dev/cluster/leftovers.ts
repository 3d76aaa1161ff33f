import { readdirSync, readFileSync } from 'node:fs'
import { until } from '../setup/command.ts'
import { processFacts } from './daemon.ts'
import type { Layout } from './layout.ts'

/**
 * Kills what jobs of this cluster left running: step daemons and job processes, known by this cluster's SLURM_CONF
 * in their environment together with being a slurmstepd or having a job id. Nothing else carries both.
 */
export async function killLeftovers(layout: Layout): Promise<void> {
  const mark = `SLURM_CONF=${layout.conf}`
  const found = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && belongs(pid, mark))
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
  await until('processes of old jobs are gone', 10_000, () =>
    found.every((pid) => processFacts(pid) === undefined || !belongs(pid, mark)) ? true : undefined,
  )
}

function belongs(pid: number, mark: string): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    if (!variables.includes(mark)) return false
    if (variables.some((variable) => variable.startsWith('SLURM_JOB_ID='))) return true
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('slurmstepd')
  } catch {
    return false
  }
}

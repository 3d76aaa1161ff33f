import { join } from 'node:path'
import { jobAccounted, jobEnded } from './job.ts'
import type { Ran } from './programs.ts'
import type { RunOptions, Sandbox } from './sandbox.ts'

/**
 * Runs DataLad in `ds`: Debian's with Debian's git-annex (`old`), or the wheel's with datalad-slurm and the wheel's
 * git-annex (`new`).
 */
export async function datalad(
  box: Sandbox,
  version: 'old' | 'new',
  words: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const { peersBin } = box.runtime
  const PATH = box.environment()['PATH'] ?? ''
  const program = version === 'new' ? join(peersBin, 'datalad') : '/usr/bin/datalad'
  const env = version === 'new' ? { PATH: `${peersBin}:${PATH}` } : {}
  return box.run([program, ...words], { cwd: 'ds', ...options, env: { ...env, ...options.env } })
}

/** Submits with `datalad slurm-schedule` or `slurm-reschedule`, which do not say what they submitted; gives the job's id. */
export async function slurmSubmit(
  box: Sandbox,
  words: readonly string[],
  options: RunOptions = {},
): Promise<number> {
  const before = await newestJob(box)
  const ran = await datalad(box, 'new', words, options)
  const id = await newestJob(box)
  if (id === before)
    throw new Error(`datalad ${words.join(' ')} submitted nothing\n${ran.stdout}${ran.stderr}`)
  return id
}

/** Finishes a job of `tasks` parts with `datalad slurm-finish`, which must record it; waits for accounting, as it knows nothing else. */
export async function slurmFinish(
  box: Sandbox,
  id: number,
  words: readonly string[] = [],
  tasks = 1,
): Promise<void> {
  await jobEnded(box, id)
  // The tasks of an array come to accounting one by one.
  while ((await jobAccounted(box, id)).length < tasks);
  await datalad(box, 'new', ['slurm-finish', '--slurm-job-id', String(id), ...words])
}

/** The newest Slurm job that was submitted from somewhere in the sandbox; 0 when there is none. */
export async function newestJob(box: Sandbox): Promise<number> {
  const seen = (await box.run(['squeue', '-h', '-t', 'all', '--me', '-o', '%F %Z'])).stdout
  const ids = seen
    .split('\n')
    .filter((line) => line.includes(` ${box.folder}/`))
    .map((line) => Number(line.split(' ')[0]))
  return Math.max(0, ...ids)
}

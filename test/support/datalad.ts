import { join } from 'node:path'
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

/** Submits with `datalad slurm-schedule` (or `slurm-reschedule`) and gives the job's id, which only its ledger knows. */
export async function slurmSubmit(
  box: Sandbox,
  words: readonly string[],
  options: RunOptions = {},
): Promise<number> {
  await datalad(box, 'new', words, options)
  const listed = await datalad(box, 'new', ['slurm-finish', '--list-open-jobs'], options)
  const ids = [...listed.stdout.matchAll(/^(\d+) /gm)].map(([, id]) => Number(id))
  const last = ids.at(-1)
  if (last === undefined) throw new Error(`datalad ${words.join(' ')} submitted nothing\n${listed.stdout}`)
  return last
}

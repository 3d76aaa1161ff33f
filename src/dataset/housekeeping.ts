import { git } from './git.ts'
import type { Dataset } from './locate.ts'

/**
 * Does what `git commit` does last: lets git tidy the repository when it thinks it is time, unless `maintenance.auto` says
 * no. Nobody waits for it, and what comes of it is git's own affair; it goes on when the terminal is closed. A command that
 * records again and again does so once a minute.
 */
export function tidyInBackground(dataset: Dataset): void {
  const now = performance.now()
  if (dataset.objects !== undefined && now - lastTidied < tidyingRests * 1000) return
  lastTidied = now
  void tidy(dataset)
}

/** Seconds. */
const tidyingRests = 60

let lastTidied = -Infinity

async function tidy(dataset: Dataset): Promise<void> {
  const wanted = await git(dataset, ['config', '--type=bool', '--get', 'maintenance.auto'], { normal: [1] })
  if (wanted.ok && wanted.value.stdout.toString('latin1').trim() === 'false') return
  await git(dataset, ['maintenance', 'run', '--auto', '--quiet'])
}

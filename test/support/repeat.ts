import { jobAccounted, jobEnded } from './job.ts'
import type { Sandbox } from './sandbox.ts'
import { finish, tell, type Told } from './scenario.ts'

/** Reschedules a record whose job runs on this machine, waits for its end, and records it; gives the new commit. */
export async function repeatHere(box: Sandbox, words: readonly string[] = [], cwd = 'ds'): Promise<string> {
  mustSubmit(await tell(box, ['reschedule', ...words], { cwd }))
  const open = async (): Promise<string> => (await tell(box, ['jobs'])).stdout
  while (!/"state":"ended"/.test(await open()));
  await finish(box)
  return box.git('ds', 'rev-parse', 'HEAD')
}

/** Reschedules a record of a Slurm job, waits for its end, and records it; gives Slurm's id. */
export async function repeatOnSlurm(
  box: Sandbox,
  words: readonly string[] = [],
  cwd = 'ds',
): Promise<number> {
  const [id = 0] = mustSubmit(await tell(box, ['reschedule', ...words], { cwd }))
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await finish(box)
  return id
}

/** The Slurm ids of what was submitted; an error with all that was said when that is nothing. */
export function mustSubmit(told: Told): readonly number[] {
  const jobs = told.results.filter(
    ({ action, status, job }) => action === 'schedule' && status === 'ok' && job,
  )
  if (told.code !== 0 || jobs.length === 0) throw new Error(`reschedule: ${told.stdout}${told.stderr}`)
  return jobs.map(({ slurm_job_id: id }) => id ?? 0)
}

/** A commit with a record as somebody else wrote it, and files of that commit; gives its id. */
export async function commitRecord(
  box: Sandbox,
  title: string,
  record: unknown,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    box.write(`ds/${path}`, content)
    await box.git('ds', 'add', '--', path)
  }
  const lines = ['=== Do not change lines below ===', '^^^ Do not change lines above ^^^'] as const
  const message = `${title}\n\n${lines[0]}\n${JSON.stringify(record, null, 1)}\n${lines[1]}\n`
  await box.run(['git', 'commit', '-q', '--allow-empty', '-F', '-'], { cwd: 'ds', input: message })
  return box.git('ds', 'rev-parse', 'HEAD')
}

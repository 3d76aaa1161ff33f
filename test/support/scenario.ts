import { join } from 'node:path'
import type { Ran } from './programs.ts'
import { jobAccounted, jobEnded } from './job.ts'
import type { RepositoryOptions } from './repository.ts'
import { Sandbox, type RunOptions, type SandboxOptions } from './sandbox.ts'

/** A result as `--json` prints it: DataLad's words and our facts side by side. */
export interface JsonResult {
  readonly action: string
  readonly status: 'ok' | 'notneeded' | 'impossible' | 'error'
  readonly path: string
  readonly message?: string
  readonly job?: string
  readonly slurm_job_id?: number
  readonly commit?: string
}

/** A command of ours that ran with `--json`. */
export interface Told extends Ran {
  readonly results: readonly JsonResult[]
  /** All messages, one a line, for tests that look for words. */
  readonly words: string
}

/** A submitted job: our name for it, and Slurm's id (0 for a job of this machine). */
export interface Submitted extends Told {
  readonly job: string
  readonly id: number
}

/**
 * A sandbox with a dataset `ds` in which `job.sh` is committed: it runs the shell code of its first argument, as in
 * `sbatch job.sh 'echo 1 >out/a'`.
 */
export async function sandboxWithDataset(
  options: SandboxOptions = {},
  repository: RepositoryOptions = {},
): Promise<Sandbox> {
  const box = await Sandbox.create(options)
  await box.dataset('ds', repository)
  await addFiles(box, 'ds', { 'job.sh': '#!/bin/sh\neval "$1"\n' })
  return box
}

/** Writes files in a repository and commits them; git-annex decides which it takes. */
export async function addFiles(
  box: Sandbox,
  cwd: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) box.write(join(cwd, path), content)
  const paths = Object.keys(files)
  const annexed = (await box.run(['git', 'config', 'annex.uuid'], { cwd, allowFailure: true })).code === 0
  await box.run(annexed ? ['git', 'annex', 'add', '-q', '--', ...paths] : ['git', 'add', '--', ...paths], {
    cwd,
  })
  await box.run(['git', 'commit', '-q', '-m', 'Add files', '--', ...paths], { cwd })
}

/**
 * Runs one of our commands with `--json`, whatever its outcome. `words` begins with the command's name. Records do not
 * wait for accounting's last word (seconds) unless the test sets WAYBILL_FACTS_WAIT.
 */
export async function tell(box: Sandbox, words: readonly string[], options: RunOptions = {}): Promise<Told> {
  const [command = '', ...rest] = words
  const env = { WAYBILL_FACTS_WAIT: '0', ...options.env }
  const ran = await box.waybill([command, '--json', ...rest], {
    cwd: 'ds',
    ...options,
    env,
    allowFailure: true,
  })
  const lines = ran.stdout.split('\n').filter((line) => line.startsWith('{'))
  const results = lines.map((line) => JSON.parse(line) as JsonResult)
  return { ...ran, results, words: [...results.map(({ message }) => message ?? ''), ran.stderr].join('\n') }
}

/** Schedules a job in `ds`; an error with all that was said when that fails. */
export async function schedule(
  box: Sandbox,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Submitted> {
  const told = await tell(box, ['schedule', ...words], options)
  const result = told.results.find((one) => one.action === 'schedule' && one.status === 'ok')
  if (told.code !== 0 || result?.job === undefined) {
    throw new Error(`schedule ${words.join(' ')} ended with ${told.code}\n${told.stdout}${told.stderr}`)
  }
  return { ...told, job: result.job, id: result.slurm_job_id ?? 0 }
}

/** Schedules a Slurm job in `ds` and waits until queue and accounting have its end. */
export async function scheduleToEnd(
  box: Sandbox,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Submitted> {
  const submitted = await schedule(box, words, options)
  await jobEnded(box, submitted.id)
  await jobAccounted(box, submitted.id)
  return submitted
}

/** Runs `finish` in `ds`, which must end with 0. */
export async function finish(
  box: Sandbox,
  words: readonly string[] = [],
  where: string | RunOptions = 'ds',
): Promise<Told> {
  const told = await tell(box, ['finish', ...words], typeof where === 'string' ? { cwd: where } : where)
  if (told.code !== 0) throw new Error(`finish ended with ${told.code}\n${told.stdout}${told.stderr}`)
  return told
}

/** The names of the open jobs, oldest first. */
export async function openJobs(box: Sandbox, cwd = 'ds'): Promise<readonly string[]> {
  return (await tell(box, ['jobs'], { cwd })).results.flatMap(({ job }) => (job === undefined ? [] : [job]))
}

/** A commit's record. */
export interface Recorded {
  readonly title: string
  readonly message: string
  readonly record: Readonly<Record<string, unknown>> & {
    readonly outputs: readonly string[]
    readonly inputs: readonly string[]
    readonly pwd: string
    readonly cmd: string
    readonly waybill: Readonly<Record<string, unknown>>
  }
}

/** Reads the record of a commit. */
export async function recordOf(box: Sandbox, revision = 'HEAD', cwd = 'ds'): Promise<Recorded> {
  const message = await box.git(cwd, 'log', '-1', '--format=%B', revision)
  const json = /=== Do not change lines below ===\n([^]*?)\n\^\^\^ Do not/.exec(message)?.[1]
  if (json === undefined) throw new Error(`no record in ${revision}:\n${message}`)
  return { title: message.split('\n')[0] ?? '', message, record: JSON.parse(json) as Recorded['record'] }
}

/** The paths that a commit changed, as `A path`, `M path`, `D path`; sorted, unquoted. */
export async function changesOf(box: Sandbox, revision = 'HEAD', cwd = 'ds'): Promise<readonly string[]> {
  const text = await box.git(cwd, 'show', '-z', '--format=', '--name-status', '--no-renames', revision)
  const words = text.replace(/^\n/, '').split('\0')
  const changes: string[] = []
  for (let i = 0; i + 1 < words.length; i += 2) changes.push(`${words[i]} ${words[i + 1]}`)
  return changes.toSorted()
}

/** What `git status` has to say; empty when all is as HEAD has it. */
export async function status(box: Sandbox, cwd = 'ds'): Promise<string> {
  return box.git(cwd, 'status', '--porcelain')
}

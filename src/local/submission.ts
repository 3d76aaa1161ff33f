import {
  appendFileSync,
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { EpochSeconds } from '../contract/ids.ts'
import type { ProcessIdentity, SubmitRequest } from '../contract/scheduler.ts'
import type { ArraySpec } from '../contract/array-spec.ts'
import { commandScript } from './command-script.ts'
import { jobFolder, taskKey } from './layout.ts'
import { readIfThere } from './markers.ts'

/** What a submission says of itself, in `job.json`: the job's one fixed description, read by whoever looks. */
export interface JobDescription {
  readonly token: string
  readonly name: string
  readonly host: string
  readonly array: ArraySpec | null
  readonly work_dir: string
}

/** A submission that lies ready in its folder. Only `submitted` is missing to make it a job. */
export interface Prepared {
  readonly job: string
  /** The link by which pumps find it. */
  readonly link: string
}

/**
 * Writes all of a job's files and the link by which pumps find it, in this order: whoever sees the link sees them whole.
 * Nothing runs before `publish`. Throws what the file system says.
 */
export function prepare(
  home: string,
  request: SubmitRequest,
  array: ArraySpec | null,
  holder: ProcessIdentity,
  now: EpochSeconds,
): Prepared {
  const job = jobFolder(request.folder)
  mkdirSync(request.folder, { recursive: true, mode: 0o700 })
  // Who may look into the submission's folder, a group's members perhaps, may see how its tasks are, and no more.
  const visible = statSync(request.folder).mode & 0o2755
  for (const folder of [job, join(job, 't')]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, visible)
  }
  const description: JobDescription = {
    token: request.token,
    name: request.name,
    host: holder.host,
    array,
    work_dir: request.cwd,
  }
  const files: readonly (readonly [string, string])[] = [
    ['command.sh', commandScript(request, process.umask())],
    ...(array?.limit == null ? [] : [['limit', `${array.limit}\n`] as const]),
    ...(request.stderrApart ? [['apart', ''] as const] : []),
    ...(array === null
      ? []
      : [['tasks', array.indices.map((task) => `${taskKey(task)}\n`).join('')] as const]),
  ]
  for (const [name, text] of files) writeFileSync(join(job, name), text, { mode: 0o600 })
  const shown: readonly (readonly [string, string])[] = [
    ['holder', `${holder.pid} ${holder.start} ${holder.boot}\n`],
    ['job.json', `${JSON.stringify(description)}\n`],
  ]
  for (const [name, text] of shown) {
    writeFileSync(join(job, name), text, { mode: 0o640 })
    chmodSync(join(job, name), 0o640)
  }
  mkdirSync(join(home, 'slots'), { recursive: true, mode: 0o700 })
  mkdirSync(join(home, 'queue'), { recursive: true, mode: 0o700 })
  const order = String(Math.round(now * 1000)).padStart(15, '0')
  const link = join(home, 'queue', `${order}-${request.name}${weightText(request.weight)}`)
  symlinkSync(job, link)
  return { job, link }
}

/** What a task takes, as the scripts read it from the name of its submission: `+CPUS,MIB,GPUS`; one CPU needs no word. */
function weightText(weight: SubmitRequest['weight']): string {
  return weight === undefined ? '' : `+${weight.cpus},${Math.ceil(weight.memory / 1024 ** 2)},${weight.gpus}`
}

/**
 * Makes a prepared submission a job, by renaming what told its holder: killed before that there is no job, after it there is
 * one. Of several the last alone need be waited for by the disk, since a journal keeps their order: that the file is there is
 * what counts.
 */
export function publish({ job }: Prepared, now: EpochSeconds, isLast = true): void {
  const holder = join(job, 'holder')
  appendFileSync(holder, `${now}\n`, { flush: isLast })
  renameSync(holder, join(job, 'submitted'))
}

/** When a submission was made a job; null: never. Throws when that cannot be read. */
export function submittedAt(job: string): { readonly at: EpochSeconds | null } | null {
  const text = readIfThere(join(job, 'submitted'))
  return text === null ? null : { at: Number.parseFloat(text.split('\n')[1] ?? '') || null }
}

/** Takes a submission back that was not published. */
export function withdraw(prepared: Prepared): void {
  rmSync(prepared.link, { force: true })
  rmSync(prepared.job, { recursive: true, force: true })
}

/** Removes what no task will read any more, for it holds the user's whole environment. Mostly the last payload has done so. */
export function forgetCommand(job: string): void {
  try {
    rmSync(join(job, 'command.sh'), { force: true })
  } catch {
    // Another user's job: theirs to remove.
  }
}

/** Writes a marker so that it appears whole and, unless it is not waited for, survives a loss of power. */
export function writeDurably(path: string, text: string, wait = true): void {
  const draft = `${path}.new.${process.pid}`
  const file = openSync(draft, 'w', 0o640)
  try {
    fchmodSync(file, 0o640)
    writeSync(file, text)
    if (wait) fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
}

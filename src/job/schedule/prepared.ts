import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { fromSystem } from '../../dataset/failure.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import type { Command } from './command.ts'
import type { Context } from '../context.ts'
import type { Declaration } from './declare.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import type { ScheduleRequest } from './request.ts'
import type { JobSpec } from '../spec.ts'

/** Takes what the scheduler's own command printed. */
export type Show = (stdout: string, stderr: string) => void

/** A job that was thought through and not yet begun. */
export interface Prepared {
  /** With the environment that it is to be submitted in. */
  readonly context: Context
  readonly spec: JobSpec
  readonly command: Command
  readonly branch: string
  /** Root-relative paths and patterns to reserve. */
  readonly reserved: readonly string[]
  readonly declaration: Declaration
  readonly request: ScheduleRequest
  /** The words to run, with what we add for `--after`. */
  readonly words: readonly string[]
  /** The batch script, absolute, where it is a file: its text is kept. */
  readonly scriptFile: string | null
}

/** A result about the dataset as a whole. */
export function aboutDataset(context: Context, status: Report['status'], note: Note): Report {
  return { action: 'schedule', status, path: context.dataset.root, type: 'dataset', note }
}

/** The command as it is run: its own words, or with their placeholders filled. */
export function filledCommand({ cmd, words }: Pick<JobSpec, 'cmd' | 'words'>): string {
  return /[{}]/.test(cmd) ? joinWords(words) : cmd
}

/** A script's text that was kept for a job submitted together with others. */
export interface KeptScript {
  readonly blob: string
  readonly file: string
}

/**
 * Makes the job's folder and keeps there what the submission needs and the record will: script and standard input. `alike`:
 * where the same text may be kept already.
 */
export function keepScript(
  context: Context,
  prepared: Prepared,
  folder: string,
  alike: KeptScript | null = null,
): Fallible<string | null, Note> {
  try {
    return ok(keep(context, prepared, folder, alike))
  } catch (error) {
    return fail(fromSystem('copy', error))
  }
}

function keep(context: Context, prepared: Prepared, folder: string, alike: KeptScript | null): string | null {
  const { shared } = context.dataset
  // One by one: the umask must not shut a group out, and the folder above may be another user's.
  for (const each of existsSync(dirname(folder)) ? [folder] : [dirname(folder), folder]) {
    const made = mkdirSync(each, { recursive: true, mode: 0o700 })
    if (made !== undefined && shared !== null) chmodSync(each, shared.directory)
  }
  const kept = join(folder, 'script')
  if (prepared.command.stdin !== null) {
    writeFileSync(kept, prepared.command.stdin)
    if (shared !== null) chmodSync(kept, shared.file)
    return kept
  }
  const own = prepared.request.launch?.script
  if (own != null) {
    writeFileSync(kept, own.text)
    if (shared !== null) chmodSync(kept, shared.file)
  }
  if (prepared.scriptFile !== null) {
    if (alike !== null && alike.blob === prepared.spec.script?.blob && linked(alike.file, kept)) return null
    copyFileSync(prepared.scriptFile, kept)
    if (shared !== null) chmodSync(kept, shared.file)
  }
  return null
}

/** A second name takes no space and hardly time; not every file system has them, nor any number of them. */
function linked(file: string, name: string): boolean {
  try {
    linkSync(file, name)
    return true
  } catch {
    return false
  }
}

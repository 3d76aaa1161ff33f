import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobId, JobToken } from '../../contract/ids.ts'
import type { Stamp } from '../../dataset/copy-file.ts'
import type { Context } from '../context.ts'

/** A file of the alternative directory as it was at some time. Paths are relative to it. */
export interface Noted {
  readonly path: string
  readonly stamp: Stamp
}

/** A file or link that was brought back: what was read (where a link led, the file there), and what it became here. */
export interface Returned extends Noted {
  readonly source: Stamp
  readonly here: Stamp
}

/**
 * What was done for a job in its alternative directory, in a file beside the ledger from before the first step until all
 * is undone or cleaned away: the file says that there is work left, whoever finds it.
 */
export interface AltNotes {
  readonly job: JobId
  readonly token: JobToken
  readonly dir: string
  /** False until all inputs lie there: until then nobody relies on them. */
  readonly ready: boolean
  /** Inputs and script that are copied; at first without stamps. */
  readonly planned: readonly string[]
  readonly copied: readonly Noted[]
  /** Folders that the job needs, and those of them that were made for it. */
  readonly folders: readonly string[]
  readonly made: readonly string[]
  /** What lay below the outputs before the job: files, and folders that are not to be removed. */
  readonly before: readonly Noted[]
  readonly standing: readonly string[]
  readonly returned: readonly Returned[]
}

/** The name in the alternative directory that tells, as long as a job uses it, that this is still the same directory. */
export function markerName(token: JobToken): string {
  return `.waybill-${token}`
}

/** Writes a job's notes, whole or not at all. @throws the system's error. */
export function writeNotes(context: Context, notes: AltNotes): void {
  const { shared } = context.dataset
  const folder = notesFolder(context)
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (made !== undefined && shared !== null) chmodSync(folder, shared.directory)
  const file = notesFile(context, notes.token)
  writeFileSync(`${file}.new`, JSON.stringify(notes))
  if (shared !== null) chmodSync(`${file}.new`, shared.file)
  renameSync(`${file}.new`, file)
}

/** A job's notes; null when there are none. */
export function readNotes(context: Context, token: JobToken): AltNotes | null {
  try {
    return JSON.parse(readFileSync(notesFile(context, token), 'utf8')) as AltNotes
  } catch {
    return null
  }
}

/** The notes of all jobs that have work left in an alternative directory. One look at a folder where there are none. */
export function allNotes(context: Context): readonly AltNotes[] {
  let names: readonly string[]
  try {
    names = readdirSync(notesFolder(context))
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const token = /^([^.]+)\.json$/.exec(name)?.[1]
    const notes = token === undefined ? null : readNotes(context, token as JobToken)
    return notes === null ? [] : [notes]
  })
}

/** There is nothing left to do for the job in its alternative directory. */
export function dropNotes(context: Context, { token }: Pick<AltNotes, 'token'>): void {
  const file = notesFile(context, token)
  rmSync(`${file}.new`, { force: true })
  rmSync(file, { force: true })
}

function notesFolder(context: Context): string {
  return join(context.dataset.commonDir, 'waybill', 'alt-dirs')
}

function notesFile(context: Context, token: JobToken): string {
  return join(notesFolder(context), `${token}.json`)
}

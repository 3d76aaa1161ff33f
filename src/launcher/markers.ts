import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { EpochSeconds } from '../contract/ids.ts'

/** Whose marker it is, and which. `task` is the index in an array, else 0; `attempt` counts the scheduler's restarts. */
export interface MarkerName {
  readonly task: number
  readonly attempt: number
  readonly kind: 'start' | 'end'
}

/** What `start.sh` says before its payload starts, and when it said so. The job's ids are Slurm's; null elsewhere. */
export interface StartMarker {
  readonly host: string
  readonly pid: number
  readonly started: EpochSeconds
  readonly job: string | null
  readonly array: string | null
}

/**
 * What `start.sh` says after its payload has ended. `signal` is what a shell means by a code of 129 to 192, else null: a
 * payload that chose such a code by itself cannot be told from one that was killed.
 */
export interface EndMarker {
  readonly code: number
  readonly signal: number | null
  readonly started: EpochSeconds
  readonly ended: EpochSeconds
  /** It got SIGTERM before it ended: what it did may be the half of it, whatever its code. */
  readonly stopped: boolean
}

/** The folder of all markers of a job. */
export function markersFolder(folder: string): string {
  return join(folder, 'markers')
}

/** Reads the name of a file in a job's folder of markers; null for anything that is none. */
export function parseMarkerName(name: string): MarkerName | null {
  const [, task, attempt, kind] = /^(\d{1,10})\.(\d{1,10})\.(start|end)$/.exec(name) ?? []
  if (task === undefined || attempt === undefined) return null
  return { task: Number(task), attempt: Number(attempt), kind: kind === 'end' ? 'end' : 'start' }
}

/** The task whose payload, or a check of whose, has ended by a marker of this name; null for any other file. */
export function endedTask(name: string): number | null {
  const task = /^(\d{1,10})\.\d{1,10}\.(?:\d{1,10}\.)?end$/.exec(name)?.[1]
  return task === undefined ? null : Number(task)
}

/** Reads a start marker's text, written at `started`; null when it is torn or something else. */
export function parseStart(text: string, started: EpochSeconds): StartMarker | null {
  const lines = fields(text)
  const [host, pid] = [lines.get('host'), whole(lines.get('pid'))]
  if (host === undefined || host === '' || pid === null || !lines.has('array')) return null
  return { host, pid, started, job: lines.get('job') || null, array: lines.get('array') || null }
}

/** Reads an end marker's text, with when what it tells of began and ended; null when it is torn or something else. */
export function parseEnd(text: string, times: Pick<EndMarker, 'started' | 'ended'>): EndMarker | null {
  const lines = fields(text)
  const code = whole(lines.get('code'))
  if (code === null || code > 255 || !lines.has('stopped')) return null
  const signal = code > 128 && code <= 192 ? code - 128 : null
  return { code, signal, ...times, stopped: lines.get('stopped') === 'yes' }
}

/** The markers that are there, in no order; a folder that is gone has none. Throws when it cannot be read. */
export function listMarkers(folder: string): readonly MarkerName[] {
  return namesIn(markersFolder(folder)).flatMap((name) => parseMarkerName(name) ?? [])
}

/** Reads one task's start marker; null when it is not there, torn or foreign. Throws when it cannot be read. */
export function readStart(folder: string, task: number, attempt: number): StartMarker | null {
  const found = readMarker(folder, `${task}.${attempt}.start`)
  return found === null ? null : parseStart(found.text, found.at)
}

/** Reads one task's end marker; null when it is not there, torn or foreign. Throws when it cannot be read. */
export function readEnd(folder: string, task: number, attempt: number): EndMarker | null {
  return readEndAfter(folder, `${task}.${attempt}.start`, `${task}.${attempt}.end`)
}

/** Reads the end marker of a check, counted from 1; null when it is not there, torn or foreign. Throws when it cannot be read. */
export function readCheckEnd(folder: string, task: number, attempt: number, check: number): EndMarker | null {
  const before = check === 1 ? 'end' : `${check - 1}.end`
  return readEndAfter(folder, `${task}.${attempt}.${before}`, `${task}.${attempt}.${check}.end`)
}

/** What one marker tells of began when the one before it was written. */
function readEndAfter(folder: string, before: string, name: string): EndMarker | null {
  const [began, found] = [readMarker(folder, before), readMarker(folder, name)]
  return found === null ? null : parseEnd(found.text, { started: began?.at ?? found.at, ended: found.at })
}

/** Whether an error says that a file or folder is not there. */
export function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** The names in a folder; one that is gone has none. Throws when it cannot be read. */
export function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

function readMarker(
  folder: string,
  name: string,
): { readonly text: string; readonly at: EpochSeconds } | null {
  const file = join(markersFolder(folder), name)
  try {
    return { text: readFileSync(file, 'utf8'), at: statSync(file).mtimeMs / 1000 }
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

// A line without its end may be half a number.
function fields(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').slice(0, -1)
  return new Map(
    lines.map((line) => {
      const blank = line.indexOf(' ')
      return [line.slice(0, blank), line.slice(blank + 1)]
    }),
  )
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}

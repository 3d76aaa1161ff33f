import { readFileSync, statSync } from 'node:fs'
import type { EpochSeconds } from '../contract/ids.ts'
import type { ProcessIdentity } from '../contract/scheduler.ts'

/** A task's start marker: who watches it, and since when. */
export interface StartMarker {
  readonly watcher: ProcessIdentity
  readonly started: EpochSeconds
}

/** A task's end marker. `code` is 0 where a signal ended it, as Slurm has it. */
export interface EndMarker {
  readonly state: 'COMPLETED' | 'FAILED' | 'CANCELLED'
  readonly code: number
  readonly signal: number
  readonly started: EpochSeconds
  readonly ended: EpochSeconds
  readonly cpuSeconds: number | null
}

/** Reads a whole small file, or null when there is none. Throws when it is there and cannot be read. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

/** Whether there is such a file: to ask costs less than to fail at reading it. Throws when that cannot be told. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Whether an error says that a file or folder is not there. */
export function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Reads what watch.sh writes at the start, or null when a loss of power left it torn. */
export function parseStart(text: string): StartMarker | null {
  const lines = fields(text)
  const watcher = parseProcess(lines.get('watcher') ?? '', lines.get('host') ?? '')
  const started = Number.parseFloat(lines.get('started') ?? '')
  return watcher === null || Number.isNaN(started) ? null : { watcher, started }
}

/** Reads what payload.sh says of itself (`pid born boot`), or null when torn. The host stands in the start marker. */
export function parseProcess(text: string, host: string): ProcessIdentity | null {
  const [pid = '', start, boot] = text.trim().split(' ')
  if (host === '' || !/^\d+$/.test(pid) || start === undefined || boot === undefined) return null
  return { host, boot, pid: Number(pid), start }
}

/** Reads what watch.sh writes at the end, or null when torn. */
export function parseEnd(text: string): EndMarker | null {
  // Its last line is whole when all of it is.
  if (!text.endsWith('\n')) return null
  const lines = fields(text)
  const state = lines.get('state')
  const [code, signal, started, ended] = ['code', 'signal', 'started', 'ended'].map((name) =>
    Number.parseFloat(lines.get(name) ?? ''),
  )
  if (state !== 'COMPLETED' && state !== 'FAILED' && state !== 'CANCELLED') return null
  if (code === undefined || signal === undefined || started === undefined || ended === undefined) return null
  if ([code, signal, started, ended].some(Number.isNaN)) return null
  return { state, code, signal, started, ended, cpuSeconds: childrensTime(text) }
}

function fields(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').map((line) => {
      const blank = line.indexOf(' ')
      return [line.slice(0, blank), line.slice(blank + 1)]
    }),
  )
}

/**
 * What the children took, from the second line of the shell's `times` (POSIX: user and system time, as `0m1.250000s
 * 0m0.010000s`), without what they had taken `before`: a watcher sees to one task after the other.
 */
function childrensTime(text: string): number | null {
  const [, after] = text.split('\n').filter((line) => /^\d+m/.test(line))
  const [then, now] = [fields(text).get('before'), after].map(seconds)
  return then == null || now == null ? null : Math.round((now - then) * 1000) / 1000
}

function seconds(times: string | undefined): number | null {
  if (times === undefined || !/^\d+m[\d.,]+s \d+m[\d.,]+s$/.test(times)) return null
  return [...times.matchAll(/(\d+)m([\d.,]+)s/g)]
    .map(([, minutes, rest]) => Number(minutes) * 60 + Number(rest?.replace(',', '.')))
    .reduce((a, b) => a + b, 0)
}

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SubmitOutcome } from '../contract/scheduler.ts'
import { submitOutcome } from './submit-outcome.ts'

/** What is worth knowing about a submission when it has to be looked for. */
export interface Trace {
  /** The clusters asked for with `-M`; null for the default one. */
  readonly clusters: readonly string[] | null
  /** The user's comment is the one Slurm keeps: the queue cannot show our token. */
  readonly ownComment: boolean
  readonly submitsNothing: boolean
  /** The command calls sbatch itself: its jobs are told by `readCalls` and `findMembers`. */
  readonly submitsItself?: boolean
}

/** Writes the trace into a submission's folder, before anything is sent. */
export function writeTrace(folder: string, trace: Trace): void {
  writeFileSync(join(folder, 'trace.json'), `${JSON.stringify(trace)}\n`, { mode: 0o600 })
}

/** Reads a submission's trace; without one the weakest assumptions hold. */
export function readTrace(folder: string): Trace {
  const none: Trace = { clusters: null, ownComment: true, submitsNothing: false }
  const text = readText(join(folder, 'trace.json'))
  if (text === null) return none
  try {
    const found = JSON.parse(text) as Partial<Trace> | null
    return { ...none, ...found }
  } catch {
    return none
  }
}

/** How a submission's command ended, and what it said; `exitCode` null: it runs, or was killed. */
export function readEnd(folder: string): {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
} {
  const exit = readText(join(folder, 'exit'))
  return {
    exitCode: exit === null || !/^\d+\n$/.test(exit) ? null : Number(exit),
    stdout: readStdout(folder),
    stderr: readText(join(folder, 'stderr')) ?? '',
  }
}

/** What a submission printed so far. */
export function readStdout(folder: string): string {
  return readText(join(folder, 'stdout')) ?? ''
}

/**
 * What came of a submission as its folder tells it, with nobody else's help. `not-started`: its command never ran
 * (believe it only when its process is dead and this host has not been restarted since); `unfinished`: it ran, and
 * either still does or was killed.
 */
export function readWitnesses(folder: string): SubmitOutcome | 'not-started' | 'unfinished' {
  const { exitCode, stdout, stderr } = readEnd(folder)
  if (exitCode === null) {
    return readText(join(folder, 'started')) === null ? 'not-started' : 'unfinished'
  }
  return submitOutcome({ stdout, stderr, exitCode, submitsNothing: readTrace(folder).submitsNothing })
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

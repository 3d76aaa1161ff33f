import { existsSync, readFileSync, writeFileSync } from 'node:fs'
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

/** Of most submissions there is nothing to say. */
const usual: Trace = { clusters: null, ownComment: false, submitsNothing: false }

/** Writes the trace into a submission's folder, before anything is sent; the usual one is told by none. */
export function writeTrace(folder: string, trace: Trace): void {
  const { clusters, ownComment, submitsNothing, submitsItself } = trace
  if (clusters === null && !ownComment && !submitsNothing && !submitsItself) return
  writeFileSync(join(folder, 'trace.json'), `${JSON.stringify(trace)}\n`, { mode: 0o600 })
}

/** Reads a submission's trace; where its folder is gone, or the trace is not whole, the weakest assumptions hold. */
export function readTrace(folder: string): Trace {
  const weakest: Trace = { ...usual, ownComment: true }
  const text = readText(join(folder, 'trace.json'))
  if (text === null) return existsSync(folder) ? usual : weakest
  try {
    const found = JSON.parse(text) as Partial<Trace> | null
    return { ...weakest, ...found }
  } catch {
    return weakest
  }
}

/** How a submission's command ended, and what it said; `exitCode` null: it runs, or was killed. */
export function readEnd(folder: string): {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
} {
  const exit = /^\d+\n(\d+)\n$/.exec(readText(join(folder, 'run')) ?? '')?.[1]
  return {
    exitCode: exit === undefined ? null : Number(exit),
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
    return readText(join(folder, 'run')) === null ? 'not-started' : 'unfinished'
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

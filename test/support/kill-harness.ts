import { readFileSync, rmSync } from 'node:fs'
import type { Ran } from './programs.ts'
import type { RunOptions, Sandbox } from './sandbox.ts'

/**
 * One place where a command is killed: at its process's `nth` call of `call`, before the call has any effect.
 * How strace 6.1 does it, tried: each system call has a counter of its own, and each traced thread has its own
 * counters. So without `-f` the main thread's calls can be named one by one, exactly and again; SQLite, fs.*Sync and
 * spawn all happen there. With `-f` the nth call kills *every* process that comes so far, children first.
 */
export interface KillPoint {
  readonly call: string
  readonly nth: number
}

/** A command under test, and what must hold wherever it died. `S` is the state that one attempt works on. */
export interface KillCase<S> {
  /** Makes a fresh state for one attempt. */
  prepare(): Promise<S>
  /** The command to be killed, and how to run it. */
  command(state: S): { readonly words: readonly string[]; readonly options?: RunOptions }
  /** Runs what a user would run next and looks; throws when a rule is broken. */
  check(state: S, point: KillPoint, killed: Ran): Promise<void>
  /** `main` (the default): the command's own main thread, its children live on. `tree`: also threads and children. */
  readonly who?: 'main' | 'tree'
  /** SIGKILL unless told; SIGINT is what Ctrl-C sends. */
  readonly signal?: 'SIGKILL' | 'SIGINT'
  /** System calls by strace's names; those that change files or start programs unless told. */
  readonly calls?: readonly string[]
  /** How many points, spread evenly over the command's life; 12 unless told. WAYBILL_KILL_EVERY=8 takes every eighth. */
  readonly points?: number
}

const changingCalls: readonly string[] = [
  'write',
  'pwrite64',
  'writev',
  'rename',
  'renameat2',
  'link',
  'symlink',
  'unlink',
  'rmdir',
  'mkdir',
  'chmod',
  'fchmod',
  'ftruncate',
  'fsync',
  'fdatasync',
  'copy_file_range',
  'execve',
  'vfork',
  'clone',
  'clone3',
]

/** What a sweep did: the points in order, and whether the command itself (not a child of it) died at each. */
export interface KillReport {
  readonly counted: number
  readonly tried: readonly { readonly point: KillPoint; readonly died: boolean }[]
}

/**
 * Counts the calls of one undisturbed run, then kills fresh runs at points spread over them and checks after each.
 * A point that a run never reached (it went another way this time) is checked as well, as a run that survived.
 */
export async function killEverywhere<S>(box: Sandbox, sweep: KillCase<S>): Promise<KillReport> {
  const points = await countPoints(box, sweep)
  const every = process.env['WAYBILL_KILL_EVERY']
  const wanted =
    every === undefined ? (sweep.points ?? 12) : Math.ceil(points.length / Math.max(1, Number(every)))
  const tried: { point: KillPoint; died: boolean }[] = []
  const failures: Error[] = []
  for (const point of spread(points, wanted)) {
    const state = await sweep.prepare()
    const inject = `inject=${point.call}:signal=${sweep.signal ?? 'SIGKILL'}:when=${point.nth}`
    const killed = await trace(box, sweep, state, ['-e', `trace=${point.call}`, '-e', inject], '/dev/null')
    try {
      await sweep.check(state, point, killed)
    } catch (problem) {
      const failure = new Error(`killed at ${point.call} number ${point.nth}: ${String(problem)}`, {
        cause: problem,
      })
      failures.push(failure)
      // A full run is long: it goes on, and says at once what it has found.
      if (every === undefined) break
      process.stderr.write(`${String(failure)}\n`)
    }
    tried.push({ point, died: killed.code === (sweep.signal === 'SIGINT' ? 130 : 137) })
  }
  const [first] = failures
  if (failures.length > 1)
    throw new Error(`${failures.length} of ${tried.length}\n${failures.map(String).join('\n')}`)
  if (first !== undefined) throw first
  return { counted: points.length, tried }
}

async function countPoints<S>(box: Sandbox, sweep: KillCase<S>): Promise<readonly KillPoint[]> {
  const log = box.path(`.strace-${process.pid}`)
  const calls = (sweep.calls ?? changingCalls).join(',')
  const ran = await trace(box, sweep, await sweep.prepare(), ['-e', `trace=${calls}`], log)
  if (ran.code !== 0) throw new Error(`the command fails even when nobody kills it\n${ran.stderr}`)
  const points = pointsOf(readFileSync(log, 'utf8'))
  rmSync(log, { force: true })
  return points
}

/**
 * The points of a trace in the order of time. Lines begin with a pid when several processes were traced; of
 * several processes that reach the same point, the first counts, since it is the one that dies there. The first
 * execve is strace's own and no point.
 */
export function pointsOf(log: string): readonly KillPoint[] {
  const counts = new Map<string, number>()
  const points: KillPoint[] = []
  const known = new Set<string>(['execve 1'])
  for (const line of log.split('\n')) {
    const match = /^(\d+ +)?(\w+)\(/.exec(line)
    const call = match?.[2]
    if (match === null || call === undefined) continue
    const counter = `${match[1]?.trim() ?? ''} ${call}`
    const nth = (counts.get(counter) ?? 0) + 1
    counts.set(counter, nth)
    if (known.has(`${call} ${nth}`)) continue
    known.add(`${call} ${nth}`)
    points.push({ call, nth })
  }
  return points
}

/** Evenly spread members of a list, the first and the last among them; the whole list when it is short. */
export function spread<T>(list: readonly T[], wanted: number): readonly T[] {
  if (list.length <= wanted) return list
  const chosen = Array.from({ length: wanted }, (_, index) =>
    list.at(Math.round((index * (list.length - 1)) / Math.max(1, wanted - 1))),
  )
  return chosen.filter((member) => member !== undefined)
}

async function trace<S>(
  box: Sandbox,
  sweep: KillCase<S>,
  state: S,
  args: readonly string[],
  log: string,
): Promise<Ran> {
  const { words, options } = sweep.command(state)
  const follow = sweep.who === 'tree' ? ['-f'] : []
  return box.run(['strace', ...follow, '-qq', '-o', log, ...args, '--', ...words], {
    ...options,
    allowFailure: true,
  })
}

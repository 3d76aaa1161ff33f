import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { succeed, type Place } from './measure.ts'

/** What is counted together, and the system calls in it. */
export const families = {
  stat: ['stat', 'lstat', 'fstat', 'newfstatat', 'statx'],
  open: ['open', 'openat', 'openat2', 'creat'],
  rename: ['rename', 'renameat', 'renameat2'],
  unlink: ['unlink', 'unlinkat'],
  mkdir: ['mkdir', 'mkdirat'],
  link: ['link', 'linkat', 'symlink', 'symlinkat'],
  fsync: ['fsync', 'fdatasync'],
} as const

/** A name of `families`. */
export type Family = keyof typeof families

/** How often each family was called, also in vain. */
export type Counts = Readonly<Record<Family, number>>

/** What a command and all that it started asked of the system. */
export interface Trace {
  readonly all: Counts
  /** The first process alone, with its threads. */
  readonly own: Counts
  /** The programs that were started, by their last name, the first one included. */
  readonly programs: readonly string[]
}

const familyOf = new Map<string, Family>(
  Object.entries(families).flatMap(([family, calls]) => calls.map((call) => [call, family as Family])),
)

/** Runs a command under strace and counts. `folder` is for strace's output. */
export function traced(words: readonly string[], place: Place, folder: string): Trace {
  const file = join(folder, 'strace')
  const calls = [...familyOf.keys(), 'execve', 'clone', 'clone3', 'fork', 'vfork'].map((call) => `?${call}`)
  // In the C locale and with short strings: only names of calls, flags and results are read.
  succeed(
    ['strace', '-f', '--seccomp-bpf', '-s', '200', '-e', `trace=${calls.join(',')}`, '-o', file, ...words],
    place,
  )
  const lines = readFileSync(file, 'latin1').split('\n')
  rmSync(file)
  return countCalls(lines)
}

function countCalls(lines: readonly string[]): Trace {
  const calls = wholeCalls(lines)
  const own = ownThreads(calls)
  const programs = calls.flatMap(({ text }) => /^execve\("(?:[^"]*\/)?([^"/]*)".* = 0$/.exec(text)?.[1] ?? [])
  return { all: count(calls), own: count(calls.filter(({ thread }) => own.has(thread))), programs }
}

interface Call {
  readonly thread: string
  /** As in `openat(AT_FDCWD, "x", O_RDONLY) = 3`. */
  readonly text: string
}

// A call during which others' lines come stands in two lines.
function wholeCalls(lines: readonly string[]): readonly Call[] {
  const begun = new Map<string, string>()
  const calls: Call[] = []
  for (const line of lines) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (rest.endsWith(unfinished)) {
      begun.set(thread, rest.slice(0, -unfinished.length))
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1]
    calls.push({ thread, text: resumed === undefined ? rest : `${begun.get(thread) ?? ''}${resumed}` })
  }
  return calls
}

const unfinished = '<unfinished ...>'

// The first process's threads, and theirs. A thread's first calls may stand before the line that tells of it.
function ownThreads(calls: readonly Call[]): ReadonlySet<string> {
  const own = new Set([calls[0]?.thread ?? ''])
  for (const { thread, text } of calls) {
    const child = /^clone.*CLONE_THREAD.* = (\d+)$/.exec(text)?.[1]
    if (child !== undefined && own.has(thread)) own.add(child)
  }
  return own
}

function count(calls: readonly Call[]): Counts {
  const counts = { stat: 0, open: 0, rename: 0, unlink: 0, mkdir: 0, link: 0, fsync: 0 }
  for (const { text } of calls) {
    const family = familyOf.get(/^(\w+)\(/.exec(text)?.[1] ?? '')
    if (family !== undefined) counts[family] += 1
  }
  return counts
}

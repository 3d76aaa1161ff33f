import type { UsageRun } from './usage-run.ts'

/** What a group of like jobs asked for and never came near. Memory in bytes, time in seconds. */
export interface UsageAdvice {
  readonly what: 'memory' | 'time'
  /** The asset, script or command that the jobs have in common. */
  readonly like: string
  /** What the newest of them asked for. */
  readonly asked: number
  /** What the one that took most took. */
  readonly most: number
  /** `most` over `asked`. */
  readonly share: number
  /** A fifth more than `most`, rounded up. */
  readonly enough: number
  /** Runs that completed and of which it is known: `enough` would have served all of them. */
  readonly runs: number
}

/** Of fewer runs one says nothing: the next may be the large one. */
const fewest = 5

/** Less than this share of what was asked for would have been enough: nearer, it is prudence. */
const tooMuch = 0.5

/**
 * Finds what like jobs asked far too much of. Only runs that completed count, and none is judged where one ran out of what
 * it would be told to take less of. Memory is judged of jobs on one node: of several, accounting does not tell how it was
 * spread, and what was asked for is by node.
 */
export function adviceOf(runs: readonly UsageRun[]): readonly UsageAdvice[] {
  const groups = Map.groupBy(runs, ({ like }) => like)
  return [...groups.entries()].flatMap(([like, group]) => [
    ...judge(like, group, {
      what: 'memory',
      ranOut: /OUT_OF_MEMORY/,
      used: ({ facts }) => facts.max_memory_bytes,
      asked: ({ facts }) =>
        facts.nodes === 1 ? (facts.requested_memory_bytes ?? facts.allocated_memory_bytes) : undefined,
      round: roundMemory,
    }),
    ...judge(like, group, {
      what: 'time',
      ranOut: /TIMEOUT|DEADLINE/,
      used: ({ facts }) => facts.elapsed_seconds,
      asked: ({ facts }) => facts.time_limit_seconds,
      round: roundTime,
    }),
  ])
}

interface Resource {
  readonly what: UsageAdvice['what']
  readonly ranOut: RegExp
  readonly used: (run: UsageRun) => number | undefined
  readonly asked: (run: UsageRun) => number | undefined
  readonly round: (amount: number) => number
}

function judge(like: string, group: readonly UsageRun[], resource: Resource): readonly UsageAdvice[] {
  const { what } = resource
  if (group.some(({ states }) => states.some((state) => resource.ranOut.test(state)))) return []
  const known = group
    .filter(({ states }) => states[0] === 'COMPLETED')
    .flatMap((run) => {
      const [used, asked] = [resource.used(run), resource.asked(run)]
      return used === undefined || asked === undefined ? [] : [{ used, asked, run }]
    })
    .toSorted((a, b) => b.run.at - a.run.at)
  const [newest] = known
  const runs = known.reduce((sum, { run }) => sum + run.parts, 0)
  if (newest === undefined || runs < fewest) return []
  const most = known.reduce((greatest, { used }) => Math.max(greatest, used), 0)
  const enough = resource.round(most * 1.2)
  const { asked } = newest
  if (enough > asked * tooMuch) return []
  return [{ what, like, asked, most, share: Number((most / asked).toPrecision(3)), enough, runs }]
}

/** Up to 1, 1.5, 2, 3, 4, 6, 8, 12, … times a power of 1024: sizes that people ask for; 64 MiB at least. */
function roundMemory(bytes: number): number {
  let size = 64 * 1024 ** 2
  while (size < bytes) size = Number.isInteger(Math.log2(size)) ? size * 1.5 : (size / 3) * 4
  return size
}

/** Up to whole five minutes below an hour, half hours below a day, and whole hours above. */
function roundTime(seconds: number): number {
  const step = seconds <= 3600 ? 300 : seconds <= 86_400 ? 1800 : 3600
  return Math.ceil(seconds / step) * step
}

/** Indices `from`, `from + step`, … up to `to`, which is one of them. */
interface IndexRange {
  readonly from: number
  readonly to: number
  readonly step: number
}

/** What `sbatch --array` asks for. */
export interface ArraySpec {
  /** The same indices in Slurm's notation, without brackets and `%limit`. */
  readonly indices: string
  readonly ranges: readonly IndexRange[]
  /** How many tasks there will be: an index named twice is one task. */
  readonly count: number
  readonly highest: number
  /** At most so many run at once (`%4`), or null. */
  readonly limit: number | null
}

/** More than any Slurm allows (slurm.conf(5): MaxArraySize is at most 4,000,001). */
const ceiling = 4_000_001

/** Reads all forms of `sbatch --array`: `1-5`, `1,3,7-9:2`, `0-15%4`, `[1-3]`; null for what is none of them. */
export function readArraySpec(text: string): ArraySpec | null {
  const match = /^(?:\[([^\]%]+)(?:%(\d+))?\]|([^[\]%]+)(?:%(\d+))?)$/.exec(text.trim())
  const list = match?.[1] ?? match?.[3]
  if (list === undefined) return null
  const ranges: IndexRange[] = []
  for (const part of list.split(',')) {
    const range = readRange(part)
    if (range === null) return null
    ranges.push(range)
  }
  const limit = match?.[2] ?? match?.[4]
  return {
    indices: list,
    ranges,
    count: countOf(ranges),
    highest: Math.max(...ranges.map((range) => range.to)),
    limit: limit === undefined ? null : Number(limit),
  }
}

function readRange(part: string): IndexRange | null {
  const match = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part)
  if (match === null) return null
  const from = Number(match[1])
  const end = Number(match[2] ?? match[1])
  const step = Number(match[3] ?? 1)
  if (step === 0 || end < from || end > ceiling) return null
  return { from, to: end - ((end - from) % step), step }
}

function countOf(ranges: readonly IndexRange[]): number {
  const sorted = ranges.toSorted((a, b) => a.from - b.from)
  const apart = sorted.every((range, i) => i === 0 || range.from > (sorted[i - 1]?.to ?? -1))
  if (apart) return sorted.reduce((sum, range) => sum + (range.to - range.from) / range.step + 1, 0)
  const seen = new Set<number>()
  for (const { from, to, step } of ranges) for (let i = from; i <= to; i += step) seen.add(i)
  return seen.size
}

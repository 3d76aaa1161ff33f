/** Thrown by `parseIndices` for text that is no list of array indices. */
export class BadIndices extends Error {}

/** Higher than any Slurm allows (slurm.conf(5): MaxArraySize is at most 4,000,001): a typing error, not a wish. */
const most = 4_000_001

/**
 * Reads a list of array indices in Slurm's notation (`1-5`, `1,3,7-9:2`): ascending, no doubles.
 * @throws BadIndices
 */
export function parseIndices(text: string): readonly number[] {
  const indices = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part)
    if (match === null) throw new BadIndices(text)
    const from = Number(match[1])
    const to = Number(match[2] ?? match[1])
    const step = Number(match[3] ?? 1)
    if (step === 0 || to < from || to > most) throw new BadIndices(text)
    for (let i = from; i <= to; i += step) indices.add(i)
  }
  return [...indices].toSorted((a, b) => a - b)
}

/** Writes ascending indices compactly: `0-97,99`. */
export function compactIndices(indices: readonly number[]): string {
  const parts: string[] = []
  for (let i = 0; i < indices.length;) {
    const from = indices[i] ?? 0
    let last = from
    while (indices[i + 1] === last + 1) {
      last++
      i++
    }
    parts.push(from === last ? `${from}` : `${from}-${last}`)
    i++
  }
  return parts.join(',')
}

/**
 * The known name that a wrong one most likely means: at most two edits away, or a third of its length where that is more.
 * Null when none is that near. Cost: one row of edits a candidate of about the same length.
 */
export function nearest(wrong: string, known: Iterable<string>): string | null {
  const length = [...wrong].length
  let best: string | null = null
  let limit = Math.min(Math.max(2, Math.floor(length / 3)), Math.max(1, length - 1)) + 1
  for (const candidate of known) {
    const edits = editDistance(wrong.toLowerCase(), candidate.toLowerCase(), limit)
    if (edits >= limit) continue
    best = candidate
    limit = edits
    if (edits === 0) break
  }
  return best
}

/** Insertions, deletions, changes and swaps of neighbours between two texts; `limit` when there are that many or more. */
function editDistance(a: string, b: string, limit: number): number {
  const left = [...a]
  const right = [...b]
  if (Math.abs(left.length - right.length) >= limit) return limit
  let before: number[] = []
  let row = right.map((_, i) => i + 1)
  row.unshift(0)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    let least = i
    for (let j = 1; j <= right.length; j++) {
      const change = left[i - 1] === right[j - 1] ? 0 : 1
      let edits = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + change)
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1])
        edits = Math.min(edits, (before[j - 2] ?? 0) + 1)
      next.push(edits)
      least = Math.min(least, edits)
    }
    if (least >= limit) return limit
    before = row
    row = next
  }
  return Math.min(limit, row[right.length] ?? limit)
}

import { printable } from '../api/printable.ts'

/** Lines up rows in columns, two blanks apart; the last column is not padded. Width is counted in code points. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const safe = rows.map((row) => row.map(printable))
  const widths: number[] = []
  for (const row of safe) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))))
  return safe.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd(),
  )
}

/** In code points; of ASCII, which most cells are, there are as many as units. */
function width(cell: string): number {
  return /^[ -~]*$/.test(cell) ? cell.length : [...cell].length
}

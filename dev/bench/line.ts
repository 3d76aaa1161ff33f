/** One line of the table of times, in seconds. Absent: not measured. */
export interface Line {
  readonly work: string
  /** What is promised, in words. */
  readonly bar: string
  /** Whether that holds; null: nothing is promised. */
  readonly met: boolean | null
  readonly waybill: number
  /** What the bare command took, and which it is. */
  readonly floor?: readonly [seconds: number | undefined, what: string] | undefined
  readonly peer?: number | undefined
  /** MiB. */
  readonly peak?: number | undefined
}

/** Stands in the table for a row that could not be measured. */
export interface Failure {
  readonly work: string
  readonly reason: string
}

/** How many MiB Waybill's own process may take in any line. */
const mostMemory = 150

/** Seconds as people read them. */
export function duration(seconds: number): string {
  if (seconds < 0.0001) return `${(seconds * 1e6).toFixed(1)} µs`
  if (seconds < 0.01) return `${(seconds * 1e3).toFixed(2)} ms`
  return `${seconds.toFixed(seconds < 10 ? 3 : 1)} s`
}

/** The table of times in Markdown, a line an element. */
export function timesTable(lines: readonly (Line | Failure)[]): readonly string[] {
  return [
    '| work | bar | Waybill | floor (what) | Waybill / floor | datalad-slurm | datalad-slurm / Waybill | peak memory |',
    '|---|---|---|---|---|---|---|---|',
    ...lines.map((line) => ('reason' in line ? failureCells(line) : cells(line))),
  ]
}

function cells({ work, bar, met, waybill, floor, peer, peak }: Line): string {
  const mark = met === null ? '' : met ? ' ✓' : ' ✗ **missed**'
  const [bare, what = ''] = floor ?? []
  return `| ${[
    work,
    bar + mark,
    duration(waybill),
    bare === undefined ? '–' : `${duration(bare)} (${what})`,
    bare === undefined ? '–' : times(waybill / bare),
    peer === undefined ? '–' : duration(peer),
    peer === undefined ? '–' : times(peer / waybill),
    peak === undefined
      ? '–'
      : `${peak.toFixed(0)} MiB${peak > mostMemory ? ` ✗ **above ${mostMemory}**` : ''}`,
  ].join(' | ')} |`
}

// A bar in the reason must not end the cell.
function failureCells({ work, reason }: Failure): string {
  return `| ${work} | – | **failed**: ${reason.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')} | – | – | – | – | – |`
}

/** A ratio as people read it. */
export function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)} ×`
}

/** A count as people read it. */
export function counted(count: number): string {
  return count.toLocaleString('en')
}

import type { Bench } from './bench.ts'
import type { Line } from './line.ts'

/** What a row found: lines of the table of times, and tables or sentences that stand below it. */
export interface Findings {
  readonly lines?: readonly Line[]
  /** Markdown, a line an element. */
  readonly below?: readonly string[]
}

/** A piece of the benchmark that can be run alone. */
export interface Row {
  readonly name: string
  /** What it measures, in a few words. */
  readonly about: string
  readonly run: (bench: Bench) => Promise<Findings>
}

import type { Result } from '../contract/result.ts'
import type { Report } from '../job/report.ts'
import { exitCodeOf } from './exit-code.ts'
import { actionSummary, resultJson, resultLine } from './result-lines.ts'
import { printable } from './printable.ts'
import type { ProgressSink, Runtime } from './runtime.ts'
import { wordsFor } from './words.ts'

/** How results are shown. `resultsTo` is `err` when standard output belongs to the user's own command. */
export interface PrintOptions {
  readonly json: boolean
  readonly resultsTo?: 'out' | 'err'
}

/** Prints reports as they come, keeps count, and ends with a summary and an exit code. */
export interface Printer {
  readonly report: (report: Report) => void
  readonly progress: ProgressSink
  /** Prints the summary and gives the exit code. */
  readonly end: () => number
}

/** Makes the printer of one command. */
export function makePrinter(runtime: Runtime, options: PrintOptions): Printer {
  const results: Result[] = []
  const progress = makeProgress(runtime)
  const write = options.resultsTo === 'err' ? runtime.err : runtime.out
  return {
    progress,
    report: (report) => {
      const result = toResult(report)
      results.push(result)
      progress.show(null)
      write(`${options.json ? resultJson(result) : resultLine(result)}\n`)
    },
    end: () => {
      progress.show(null)
      if (!options.json) for (const line of actionSummary(results)) write(`${line}\n`)
      return exitCodeOf(results)
    },
  }
}

/** A report with its note in words. */
export function toResult(report: Report): Result {
  const { note, ...rest } = report
  return note === undefined ? rest : { ...rest, message: wordsFor(note) }
}

function makeProgress(runtime: Runtime): ProgressSink {
  let shown = false
  return {
    show: (line) => {
      if (!runtime.terminal || (line === null && !shown)) return
      runtime.err(line === null ? '\r\u001b[K' : `\r\u001b[K${printable(line)}`)
      shown = line !== null
    },
  }
}

import type { CallOptions } from '../api/call.ts'
import type { Result } from '../api/result.ts'
import { resultLine, Tally } from './result-lines.ts'
import { printable } from '../api/printable.ts'
import type { Runtime } from './runtime.ts'

/** How results are shown. `resultsTo` is `err` when standard output belongs to the user's own command. */
export interface PrintOptions {
  readonly json: boolean
  readonly resultsTo?: 'out' | 'err'
  /** As datalad-slurm's commands: with their names, and without lines for what was not needed. */
  readonly original?: { readonly pretty: boolean; readonly silent: boolean }
}

/** Prints results as they come, keeps count, and ends with a summary and an exit code. */
export interface Printer {
  /** What a function of the API is given, to print its results and its progress. */
  readonly calls: Required<CallOptions>
  /** Prints the summary and gives the exit code. */
  readonly end: () => number
}

/** Makes the printer of one command. */
export function makePrinter(runtime: Runtime, options: PrintOptions): Printer {
  const tally = new Tally()
  const progress = makeProgress(runtime)
  const { original } = options
  const write = options.resultsTo === 'err' ? runtime.err : runtime.out
  return {
    calls: {
      onResult: (told) => {
        const lines = original !== undefined && !options.json
        // The original merges and copies without a line.
        if (lines && told.status === 'ok' && (told.action === 'merge' || told.action === 'copy')) return
        const result = original === undefined ? told : asOriginal(told)
        tally.add(result)
        progress(null)
        if (original?.silent || (lines && told.status === 'notneeded')) return
        const json = (): string => JSON.stringify(result, null, original?.pretty ? 2 : undefined)
        write(`${options.json ? json() : resultLine(result)}\n`)
      },
      onProgress: progress,
      keepResults: false,
    },
    end: () => {
      progress(null)
      if (!options.json && !original?.silent) for (const line of tally.summary()) write(`${line}\n`)
      return tally.exitCode()
    },
  }
}

/** A result as datalad-slurm names it (`finish` is `slurm-finish` there), with DataLad's cut through a long command. */
function asOriginal(result: Result): Result {
  const { action, status, message } = result
  if (!/^(?:schedule|finish|reschedule)\b/.test(action)) return result
  const long = action === 'schedule' && status === 'ok' && message !== undefined && [...message].length > 40
  const cut = long ? { message: `${[...message].slice(0, 40).join('')}...` } : {}
  return { ...result, ...cut, action: `slurm-${action}` }
}

/** Shows a line of progress, which replaces the one before; null clears it. */
function makeProgress(runtime: Runtime): (line: string | null) => void {
  let shown = false
  return (line) => {
    if (!runtime.terminal || (line === null && !shown)) return
    runtime.err(line === null ? '\r\u001b[K' : `\r\u001b[K${printable(line)}`)
    shown = line !== null
  }
}

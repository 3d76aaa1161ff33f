import type { RunId } from '../../contract/ids.ts'
import type { Context } from '../../job/context.ts'
import type { Report } from '../../job/report.ts'
import type { RunProgress } from './runs.ts'

/** What a driver says, told at once and kept for whoever watches the run. */
export interface RunLog {
  readonly report: (report: Report) => void
  readonly progress: (progress: RunProgress) => void
  /** Keeps what was said since the last time. */
  readonly flush: () => void
}

/** Files that are added one by one would be most of all that is said. */
const ofFiles: ReadonlySet<string> = new Set(['add', 'get', 'unlock'])

/** What this process has to do with runs, over all times that it drives and watches. */
export interface Part {
  /** The run that it drove last; null: none. */
  driven: RunId | null
  /** The last of the reports in the ledger that it has told, by its number. */
  told: number
}

/** Makes the log of a driver. `run` tells which run it drives; null: none has begun yet, and all waits. */
export function runLog(
  context: Context,
  run: () => RunId | null,
  part: Part,
  report: (report: Report) => void,
): RunLog {
  let kept: { readonly trouble: boolean; readonly report: Report }[] = []
  let progress: RunProgress | null = null
  let known = ''
  return {
    report: (one) => {
      report(one)
      const trouble = one.status === 'error' || one.status === 'impossible'
      if (trouble || !ofFiles.has(one.action)) kept.push({ trouble, report: one })
    },
    progress: (now) => {
      progress = now
    },
    flush: () => {
      const id = run()
      const text = JSON.stringify(progress)
      if (id === null || (kept.length === 0 && text === known)) return
      // It is for eyes, and found out anew by whoever drives next.
      context.ledger.unforced(() =>
        context.ledger.transaction(() => {
          part.told = Math.max(part.told, context.ledger.keepReports(id, kept))
          if (text !== known) context.ledger.changeRun(id, { progress })
        }),
      )
      kept = []
      known = text
    },
  }
}

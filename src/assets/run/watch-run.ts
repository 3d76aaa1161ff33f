import { runName, type RunId } from '../../contract/ids.ts'
import type { Context } from '../../job/context.ts'
import type { Report } from '../../job/report.ts'
import type { Part } from './run-log.ts'
import { drivenRun, findRun, isDriven, type Run } from './runs.ts'
import { tellSaid } from './tell-said.ts'
import { aboutRun, showProgress } from './tell-run.ts'

/** Seconds between looks at what the driver has said: the first, by how much they grow while it says nothing, the longest. */
const spacing = { first: 0.1, growth: 1.3, longest: 1 } as const

/**
 * Watches the run that somebody else drives in this worktree, until it is over or nobody drives it any more, and gives it as
 * it is then; null where none has begun, or it does not concern `us`: then only its progress is shown. Of one that does, all
 * that its driver says is told. One that was ours until another took it over may be over already.
 */
export async function watchRun(
  context: Context,
  us: (run: Run) => boolean,
  part: Part,
  onRun: (run: RunId) => void,
  holder: string,
  report: (report: Report) => void,
): Promise<Run | null> {
  const before = part.driven === null ? null : findRun(context, part.driven)
  const others = drivenRun(context)
  const begun = others ?? (before?.state === 'running' ? null : before)
  if (begun === null) {
    // It plans, or puts its things away.
    context.progress({ kind: 'waiting-for-materialize', holder })
    await context.sleep(spacing.first)
    return null
  }
  const concerns = us(begun)
  if (concerns) {
    onRun(begun.id)
    if (others !== null)
      report(aboutRun('ok', begun, { kind: 'run-watched', run: runName(begun.id), holder }))
  }
  const listen = tellSaid(context, () => (concerns ? begun.token : null), report)
  for (let wait: number = spacing.first; ; wait = Math.min(wait * spacing.growth, spacing.longest)) {
    // Whether it is driven first: what a driver says last stands there before it ends.
    const driven = isDriven(context, findRun(context, begun.id) ?? begun)
    const run = findRun(context, begun.id) ?? begun
    if (concerns) {
      for (const { n, report: one } of context.ledger.reportsOf(run.id, part.told)) {
        report(one as Report)
        part.told = n
        wait = spacing.first
      }
    }
    listen()
    if (!driven) {
      context.progress({ kind: 'done' })
      return concerns ? run : null
    }
    if (run.progress !== null) showProgress(context, run.progress)
    else context.progress({ kind: 'waiting-for-materialize', holder })
    await context.sleep(wait)
  }
}

import { jobName, type JobId } from '../../contract/ids.ts'
import type { AssetFacts } from '../../job/asset-facts.ts'
import type { Context } from '../../job/context.ts'
import type { Report } from '../../job/report.ts'
import type { PipesEvent } from '../../pipes/event.ts'

/** So many messages are read from the ledger at once. */
const atOnce = 500

/** So much of a message is shown; the ledger has it all. */
const shown = 2000

/** Levels that are not shown. */
const quiet: ReadonlySet<string> = new Set(['DEBUG'])

/**
 * Tells what the payloads of a run (null: it has not begun) have said since, each thing once, whoever read it from their
 * files: lines of their logs, and what only they know the meaning of.
 */
export function tellSaid(
  context: Context,
  token: () => string | null,
  report: (report: Report) => void,
): () => void {
  let after = context.ledger.newestMessage()
  return () => {
    const run = token()
    if (run === null) return
    // An array has one row with all its keys, and each of them may say much.
    const assets = new Map<JobId, AssetFacts | undefined>()
    for (;;) {
      const messages = context.ledger.messagesOfRun(run, after, atOnce)
      for (const { job, task, event } of messages) {
        const said = saidBy(event as PipesEvent)
        if (said === null) continue
        if (!assets.has(job)) assets.set(job, context.ledger.job(job)?.spec.asset)
        const asset = assets.get(job)
        if (asset === undefined) continue
        const key = asset.keys?.[task] ?? asset.keys?.[0] ?? null
        const { level, text } = said
        const words = text.length > shown ? `${text.slice(0, shown)} …` : text
        report({
          action: 'message',
          status: 'ok',
          path: '',
          type: 'job',
          note: { kind: 'payload-said', asset: asset.name, key, level, words },
          facts: {
            job: jobName(job),
            asset: asset.name,
            ...(key === null ? {} : { key }),
            ...(level === null ? {} : { level }),
          },
        })
      }
      after = messages.at(-1)?.n ?? after
      if (messages.length < atOnce) return
    }
  }
}

function saidBy(event: PipesEvent): { readonly level: string | null; readonly text: string } | null {
  if (event.kind === 'log') return quiet.has(event.level) ? null : { level: event.level, text: event.message }
  if (event.kind === 'custom') return { level: null, text: JSON.stringify(event.payload) }
  return event.kind === 'bad-line' ? { level: 'WARNING', text: `no message: ${event.text}` } : null
}

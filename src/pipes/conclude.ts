import type { PipesEvent, PipesException } from './event.ts'

/** How a payload's process ended: its exit code, and the signal that ended it where one did. */
export interface Exit {
  readonly code: number
  readonly signal: number | null
}

/** Whether a payload did what it was to do, by all that it said and how it ended. */
export interface Conclusion {
  readonly outcome: 'ok' | 'failed'
  readonly why: Why
  readonly warnings: readonly PipesWarning[]
}

/** What decided. `nothing-said`: no messages were received, and the exit code alone was good. */
export type Why =
  | { readonly kind: 'ended-well' | 'nothing-said' }
  | { readonly kind: 'exit-code'; readonly code: number; readonly exception: PipesException | null }
  | { readonly kind: 'signal'; readonly signal: number; readonly exception: PipesException | null }
  /** It was closed by this exception, and its exit code was 0 all the same. */
  | { readonly kind: 'exception'; readonly exception: PipesException }
  /** It said something that nobody here understands, in a protocol that has no such word. */
  | { readonly kind: 'unknown-method'; readonly method: string }

/** What a person should know although it decided nothing. */
export type PipesWarning =
  /** Messages of Pipes came before any `opened`: the first ones were lost. */
  | { readonly kind: 'not-opened' }
  /** It was opened and never closed: its last messages may be lost. */
  | { readonly kind: 'not-closed' }
  | { readonly kind: 'after-closed'; readonly messages: number }
  /** More than one materialization of this asset; null: of the one that needs no name. */
  | { readonly kind: 'materialized-again'; readonly assetKey: string | null; readonly times: number }
  | { readonly kind: 'bad-lines'; readonly lines: number }
  | { readonly kind: 'broken-text'; readonly lines: number }
  | { readonly kind: 'restarted'; readonly times: number }

/**
 * Weighs what a payload said, in order, and how it ended: a bad exit code, an exception that closed it, or an unknown
 * method is a failure, in this order. Only the newest attempt counts. The rules are Dagster Pipes's (0.1).
 */
export function conclude(events: readonly PipesEvent[], exit: Exit): Conclusion {
  const said = events.slice(events.findLastIndex(({ kind }) => kind === 'attempt') + 1)
  const why = decide(said, exit)
  const outcome = why.kind === 'ended-well' || why.kind === 'nothing-said' ? 'ok' : 'failed'
  return { outcome, why, warnings: [...lifeWarnings(said), ...otherWarnings(said)] }
}

function decide(said: readonly PipesEvent[], { code, signal }: Exit): Why {
  const exception =
    said.flatMap((event) => (event.kind === 'closed' ? (event.exception ?? []) : [])).at(-1) ?? null
  if (signal !== null) return { kind: 'signal', signal, exception }
  if (code !== 0) return { kind: 'exit-code', code, exception }
  if (exception !== null) return { kind: 'exception', exception }
  const unknown = said.find((event) => event.kind === 'unknown-method')
  if (unknown !== undefined) return { kind: 'unknown-method', method: unknown.method }
  return { kind: said.length === 0 ? 'nothing-said' : 'ended-well' }
}

/** Several programs of one payload may each open and close, one after the other or at once. */
function lifeWarnings(said: readonly PipesEvent[]): readonly PipesWarning[] {
  let [opened, closed, unopened, late] = [0, 0, 0, 0]
  for (const event of said) {
    if (event.kind === 'opened') opened += 1
    // Rust's client closes once more when its context goes out of scope: that says nothing new.
    else if (event.kind === 'closed') closed = Math.min(closed + 1, Math.max(opened, 1))
    else if (isOfPipes(event)) {
      if (opened === 0 && closed === 0) unopened += 1
      else if (closed >= opened) late += 1
    }
  }
  return [
    ...(unopened > 0 || (opened === 0 && closed > 0) ? [{ kind: 'not-opened' } as const] : []),
    ...(opened > closed ? [{ kind: 'not-closed' } as const] : []),
    ...(late > 0 ? [{ kind: 'after-closed', messages: late } as const] : []),
  ]
}

function isOfPipes(event: PipesEvent): boolean {
  return (
    event.kind === 'stream' || event.kind === 'unknown-method' || ('via' in event && event.via === 'pipes')
  )
}

function otherWarnings(said: readonly PipesEvent[]): readonly PipesWarning[] {
  const times = new Map<string | null, number>()
  for (const event of said) {
    if (event.kind === 'materialization') times.set(event.assetKey, (times.get(event.assetKey) ?? 0) + 1)
  }
  const count = (test: (event: PipesEvent) => boolean): number => said.filter(test).length
  const [bad, broken, restarted] = [
    count(({ kind }) => kind === 'bad-line'),
    count((event) => event.broken === true),
    count(({ kind }) => kind === 'restarted'),
  ]
  return [
    ...[...times]
      .filter(([, n]) => n > 1)
      .map(([assetKey, n]) => ({ kind: 'materialized-again', assetKey, times: n }) as const),
    ...(bad > 0 ? [{ kind: 'bad-lines', lines: bad } as const] : []),
    ...(broken > 0 ? [{ kind: 'broken-text', lines: broken } as const] : []),
    ...(restarted > 0 ? [{ kind: 'restarted', times: restarted } as const] : []),
  ]
}

import { runName } from '../../contract/ids.ts'
import type { Context, Job } from '../../job/context.ts'
import type { Note } from '../../job/note.ts'
import type { Report } from '../../job/report.ts'
import { madeCount, readPieceId, type Book } from './book.ts'
import type { Piece } from './piece-settings.ts'
import type { Run, RunProgress } from './runs.ts'
import { jobPieces, pieceFacts } from './pieces-of-job.ts'
import type { BlockedPiece, Turn } from './turn.ts'

/** A report about a run as a whole. */
export function aboutRun(status: Report['status'], run: Pick<Run, 'id'>, note: Note): Report {
  return { action: 'materialize', status, path: '', note, facts: { run: runName(run.id) } }
}

/** Says what had failed for good when the run was taken up: who drove it then may not have come to say so. */
export function tellFailedBefore({ failed }: Book, report: (report: Report) => void): void {
  const pieces = [...failed].map(readPieceId)
  for (const [asset, own] of Map.groupBy(pieces, (piece) => piece.asset)) {
    const named = own.flatMap(({ key }) => key ?? [])
    const keys = named.length === 0 ? null : named
    const note = { kind: 'asset-failed-before', asset, keys } as const
    report({ action: 'materialize', status: 'error', path: '', note, facts: pieceFacts(asset, keys) })
  }
}

/** Says of each asset how much of it was not run, and why. */
export function tellNotRun({ ready, waiting, blocked }: Turn, report: (report: Report) => void): void {
  const none = { failed: [], blocked: [], checks: [] }
  const left: readonly BlockedPiece[] = [
    ...blocked,
    ...[...ready, ...waiting].map((piece) => ({ piece, ...none })),
  ]
  const alike = Map.groupBy(left, ({ piece, failed, blocked: behind, checks }) =>
    JSON.stringify([piece.view.asset.name, failed, behind, checks]),
  )
  for (const pieces of alike.values()) {
    const [first] = pieces
    if (first === undefined) continue
    const { piece, failed, checks } = first
    const asset = piece.view.asset.name
    const keys = pieces.length
    const isBlocked = checks.length > 0 || (failed.length === 0 && first.blocked.length > 0)
    const note: Note = isBlocked
      ? { kind: 'asset-blocked', asset, keys, checks, upstream: first.blocked }
      : { kind: 'asset-not-run', asset, keys, upstream: failed }
    report({ action: 'materialize', status: 'impossible', path: '', note, facts: { asset } })
  }
}

/** How far a run is, with `all` pieces. */
export function progressOf(
  { ready, waitsFor }: Turn,
  running: readonly Job[],
  book: Book,
  all: number,
): RunProgress {
  const runs = Map.groupBy(running, ({ spec }) => spec.asset?.name ?? '')
  const named = [...runs].map(([name, jobs]) => {
    const keys = jobs.flatMap((job) => jobPieces(job).flatMap(({ key }) => key ?? []))
    const [first, last] = [keys[0], keys.at(-1)]
    return first === undefined ? name : `${name} (${first === last ? first : `${first}..${last}`})`
  })
  const active = new Set(runs.keys())
  const later = new Map(ready.map(({ view }: Piece) => [view.asset.name, 'its turn']))
  for (const [name, upstream] of waitsFor) later.set(name, [...upstream].join(', '))
  return {
    all,
    made: madeCount(book),
    failed: book.failed.size,
    running: named,
    waiting: [...later].filter(([name]) => !active.has(name)).map(([name, why]) => `${name} (for ${why})`),
  }
}

/** Shows how far a run is. */
export function showProgress(context: Context, { all, made, running, waiting }: RunProgress): void {
  context.progress({ kind: 'materializing', done: made, all, running, waiting })
}

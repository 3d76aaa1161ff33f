import type { Context, Job } from '../../job/context.ts'
import type { Report } from '../../job/report.ts'
import { scheduleBatch } from '../../job/schedule/batch.ts'
import type { Definitions } from '../definitions/definitions.ts'
import type { AssetView } from '../look.ts'
import { piecesOf } from './pieces-of-job.ts'
import { pieceAt, type Book } from './book.ts'
import { requestFor, type Piece } from './request.ts'

/** The open jobs of this worktree that make keys of these assets, whichever run began them. */
export function openAssetJobs(context: Context, views: ReadonlyMap<string, unknown>): readonly Job[] {
  return context.ledger
    .openJobsIn(context.dataset.root)
    .filter(({ spec }) => spec.asset !== undefined && views.has(spec.asset.name))
}

/** Submits pieces as one batch, in order. Of which no job came is given up in this run; it was told why. */
export async function submitPieces(
  context: Context,
  definitions: Definitions,
  views: ReadonlyMap<string, AssetView>,
  pieces: readonly Piece[],
  run: string,
  book: Book,
  report: (report: Report) => void,
): Promise<void> {
  const before = new Set(openAssetJobs(context, views).map(({ id }) => id))
  const lines = pieces.map((piece, line) => ({ line, wanted: requestFor(definitions, views, piece, run) }))
  await scheduleBatch(
    { ...context, cwd: definitions.folder },
    lines,
    (one) => report(asPiece(one, pieces)),
    () => {},
    () => {},
  )
  const begun = new Set(
    openAssetJobs(context, views)
      .filter((job) => !before.has(job.id))
      .flatMap(piecesOf),
  )
  for (const { view, index, attempt } of pieces) {
    const id = pieceAt(view, index)
    book.attempts.set(id, attempt + 1)
    if (!begun.has(id)) book.failed.add(id)
  }
}

/** What a batch says of one of its lines, as said of the piece. */
function asPiece({ note, facts = {}, ...rest }: Report, pieces: readonly Piece[]): Report {
  const { line, ...others } = facts
  const piece = typeof line === 'number' ? pieces[line] : undefined
  const inner = note?.kind === 'of-line' ? note.note : note
  if (piece === undefined) return { ...rest, ...(note === undefined ? {} : { note }), facts }
  const { asset, space } = piece.view
  const key = asset.partitions === null ? null : space.at(piece.index).text
  const said =
    inner?.kind === 'scheduled' ? ({ kind: 'asset-submitted', asset: asset.name, key } as const) : inner
  return {
    ...rest,
    ...(said === undefined ? {} : { note: said }),
    facts: { ...others, asset: asset.name, ...(key === null ? {} : { key }) },
  }
}

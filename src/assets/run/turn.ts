import type { AssetView } from '../look.ts'
import type { Planned } from '../make-plan.ts'
import { pieceAt, type Book, type PieceId } from './book.ts'
import type { Piece } from './piece-settings.ts'

/** What one look means for a run. */
export interface Turn {
  /** What can be submitted: nothing that it is made of is still to be made. */
  readonly ready: readonly Piece[]
  /** What waits for something that is to be made before it. */
  readonly waiting: readonly Piece[]
  /** What is not run because something upstream has failed, and the names of that. */
  readonly blocked: readonly { readonly piece: Piece; readonly upstream: readonly string[] }[]
}

/** Sorts what is stale by whether it can be made now. Pure; `open` are the keys that open jobs make. */
export function turnOf({ plan, look }: Planned, open: ReadonlySet<PieceId>, book: Book): Turn {
  const wanted = new Set<PieceId>()
  const pieces: Piece[] = []
  for (const { name, stale } of plan.assets) {
    const view = look.views.get(name)
    if (view === undefined) continue
    const places = new Set<number>()
    for (const { from, to } of stale.flatMap(({ ranges }) => ranges))
      for (let index = from; index <= to; index++) places.add(index)
    if (book.forced.size > 0)
      for (let index = 0; index < view.space.count; index++)
        if (book.forced.has(pieceAt(view, index))) places.add(index)
    for (const index of places) {
      const id = pieceAt(view, index)
      if (open.has(id) || book.made.has(id) || book.failed.has(id)) continue
      wanted.add(id)
      pieces.push({ view, index, attempt: book.attempts.get(id) ?? 0 })
    }
  }
  const { views } = look
  const stuck = new Set<PieceId>(book.failed)
  const ready: Piece[] = []
  const waiting: Piece[] = []
  const blocked: Turn['blocked'][number][] = []
  const failedBefore = upstreamTest(views, stuck)
  const comesBefore = upstreamTest(views, new Set([...wanted, ...open]))
  // Each asset stands behind those that it needs: what blocks one is known before it.
  for (const piece of pieces) {
    const upstream = failedBefore(piece)
    if (upstream.length > 0) {
      stuck.add(pieceAt(piece.view, piece.index))
      blocked.push({ piece, upstream })
    } else if (comesBefore(piece).length > 0) waiting.push(piece)
    else ready.push(piece)
  }
  return { ready, waiting, blocked }
}

/** Tells which assets upstream have a key in a set that may still grow, of which a piece is made. */
function upstreamTest(
  views: ReadonlyMap<string, AssetView>,
  among: ReadonlySet<PieceId>,
): (piece: Piece) => readonly string[] {
  const known = new Map<string, boolean>()
  return ({ view, index }) =>
    [...view.maps].flatMap(([name, map]) => {
      const other = views.get(name)
      const group = map.groupOf(index)
      if (other === undefined || group < 0) return []
      const key = `${view.asset.name}\0${name}\0${group}`
      const found = known.get(key) ?? [...map.upstreamOf(group)].some((at) => among.has(pieceAt(other, at)))
      // Of an asset upstream all is known by now: it stands before this one.
      known.set(key, found)
      return found ? [name] : []
    })
}

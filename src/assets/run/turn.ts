import type { AssetView } from '../look.ts'
import type { Planned } from '../make-plan.ts'
import type { FailedCheck } from '../../job/note.ts'
import { failedKeys, failedUpstream, type FailedKeys } from '../held-back.ts'
import { pieceAt, type Book, type PieceId } from './book.ts'
import type { Piece } from './piece-settings.ts'

/** What one look means for a run. */
export interface Turn {
  /** What can be submitted: nothing that it is made of is still to be made. */
  readonly ready: readonly Piece[]
  /** What waits for something that is to be made before it. */
  readonly waiting: readonly Piece[]
  /** For each asset of which something waits: the assets upstream that it waits for. */
  readonly waitsFor: ReadonlyMap<string, ReadonlySet<string>>
  /** What is not run because something upstream has failed. */
  readonly blocked: readonly BlockedPiece[]
  /** Something that this run made has not passed a blocking check. */
  readonly unsound: boolean
}

/** A piece that is not run: assets upstream that have failed, or are blocked themselves, and checks that did not pass. */
export interface BlockedPiece {
  readonly piece: Piece
  readonly failed: readonly string[]
  readonly blocked: readonly string[]
  readonly checks: readonly FailedCheck[]
}

/** Sorts what is stale by whether it can be made now. Pure; `open` are the keys that open jobs make. */
export function turnOf({ plan, look }: Planned, open: ReadonlySet<PieceId>, book: Book): Turn {
  const wanted = new Set<PieceId>()
  const pieces: Piece[] = []
  for (const { name, stale, blocked: heldBack } of plan.assets) {
    const view = look.views.get(name)
    if (view === undefined) continue
    const places = new Set<number>()
    for (const { from, to } of [...stale, ...heldBack].flatMap(({ ranges }) => ranges))
      for (let index = from; index <= to; index++) places.add(index)
    if (book.forced.size > 0)
      for (let index = 0; index < view.space.count; index++)
        if (book.forced.has(pieceAt(view, index))) places.add(index)
    for (const index of [...places].toSorted((a, b) => a - b)) {
      const id = pieceAt(view, index)
      if (open.has(id) || book.made.has(id) || book.failed.has(id)) continue
      wanted.add(id)
      pieces.push({ view, index, attempt: book.attempts.get(id) ?? 0 })
    }
  }
  const { views } = look
  const stuck = new Set<PieceId>()
  const ready: Piece[] = []
  const waiting: Piece[] = []
  const waitsFor = new Map<string, Set<string>>()
  const blocked: BlockedPiece[] = []
  const failedBefore = upstreamTest(views, book.failed)
  const stuckBefore = upstreamTest(views, stuck)
  const coming = new Set([...wanted, ...open])
  const comesBefore = upstreamTest(views, coming)
  const failing = new Map(
    [...views].map(([name, view]) => [name, failedKeys(view, (index) => coming.has(pieceAt(view, index)))]),
  )
  const checksBefore = checksTest(views, failing)
  // Each asset stands behind those that it needs: what blocks one is known before it.
  for (const piece of pieces) {
    const told = { failed: failedBefore(piece), blocked: stuckBefore(piece), checks: checksBefore(piece) }
    if (told.failed.length + told.blocked.length + told.checks.length > 0) {
      stuck.add(pieceAt(piece.view, piece.index))
      blocked.push({ piece, ...told })
      continue
    }
    const before = comesBefore(piece)
    if (before.length === 0) ready.push(piece)
    else {
      waiting.push(piece)
      const { name } = piece.view.asset
      const upstream = waitsFor.get(name) ?? new Set()
      for (const one of before) upstream.add(one)
      waitsFor.set(name, upstream)
    }
  }
  const unsound = [...views].some(([name, view]) =>
    [...(failing.get(name)?.at.keys() ?? [])].some((index) => book.made.has(pieceAt(view, index))),
  )
  return { ready, waiting, waitsFor, blocked, unsound }
}

/** Tells which blocking checks of what a piece is made of did not pass. */
function checksTest(
  views: ReadonlyMap<string, AssetView>,
  failed: ReadonlyMap<string, FailedKeys>,
): (piece: Piece) => readonly FailedCheck[] {
  const tests = new Map(
    [...views].map(([name, view]) => [name, failedUpstream(view, (other) => failed.get(other))]),
  )
  return ({ view, index }) => tests.get(view.asset.name)?.(index) ?? []
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

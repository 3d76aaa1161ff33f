import type { AssetView } from '../look.ts'

/** What tells one key of one asset from all others. */
export type PieceId = string

/** The id of a key's text (null: the asset has no keys). */
export function pieceId(asset: string, key: string | null): PieceId {
  return `${asset}\0${key ?? ''}`
}

/** The id of the key at a place. */
export function pieceAt({ asset, space }: AssetView, index: number): PieceId {
  return pieceId(asset.name, asset.partitions === null ? null : space.at(index).text)
}

/**
 * What one run remembers beside ledger and git, so that it comes to an end: a key is submitted as often as its retries
 * allow, and made once. It may be lost: the next run begins anew with what is stale then.
 */
export interface Book {
  /** How often this run has submitted it. */
  readonly attempts: Map<PieceId, number>
  /** This run made it: it is not made again, whatever a later look finds. */
  readonly made: Set<PieceId>
  /** This run has given it up. */
  readonly failed: Set<PieceId>
  /** Fresh ones that are to be made all the same. */
  readonly forced: Set<PieceId>
}

/** The memory of a run that begins. */
export function newBook(): Book {
  return { attempts: new Map(), made: new Set(), failed: new Set(), forced: new Set() }
}

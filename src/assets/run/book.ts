import type { EpochSeconds, JobId } from '../../contract/ids.ts'
import type { AssetView } from '../look.ts'

/** What tells one key of one asset from all others. */
export type PieceId = string

/** The id of a key's text (null: the asset has no keys). */
export function pieceId(asset: string, key: string | null): PieceId {
  return `${asset}\0${key ?? ''}`
}

/** The asset and the key of an id (null: the asset has no keys). */
export function readPieceId(id: PieceId): { readonly asset: string; readonly key: string | null } {
  const [asset = '', key = ''] = id.split('\0')
  return { asset, key: key === '' ? null : key }
}

/** The id of the key at a place. */
export function pieceAt({ asset, space }: AssetView, index: number): PieceId {
  return pieceId(asset.name, asset.partitions === null ? null : space.at(index).text)
}

/**
 * What the driver of a run remembers beside ledger and git, so that it comes to an end: a key is submitted as often as its
 * retries allow, and made once. It may be lost: whoever drives the run next finds in its jobs what counts.
 */
export interface Book {
  /** When this process began to drive. */
  readonly began: EpochSeconds
  /** How often this run has submitted it since it began. */
  readonly attempts: Map<PieceId, number>
  /** The jobs that this process submitted. */
  readonly own: Set<JobId>
  /** It made it: it is not made again, whatever a later look finds. */
  readonly made: Set<PieceId>
  /** This run has given it up. */
  readonly failed: Set<PieceId>
  /** It was made in this run, or while it waited, by a job that another process submitted, then. */
  readonly before: Map<PieceId, EpochSeconds>
  /** Fresh ones that are to be made all the same. */
  readonly forced: Set<PieceId>
}

/** How many pieces were made in the run, by whomever it was driven. */
export function madeCount({ made, before }: Book): number {
  return before.size === 0 ? made.size : new Set([...before.keys(), ...made]).size
}

/** The memory of a run that begins. */
export function newBook(began: EpochSeconds): Book {
  return {
    began,
    attempts: new Map(),
    own: new Set(),
    made: new Set(),
    failed: new Set(),
    before: new Map(),
    forced: new Set(),
  }
}

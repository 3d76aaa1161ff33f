import type { Job } from '../../job/context.ts'
import { pieceId, type PieceId } from './book.ts'

/** The key that an asset's job makes. */
export function keyOf({ spec }: Job): string | null {
  return spec.asset?.keys?.[0] ?? null
}

/** The pieces that an asset's job makes; none of any other job. */
export function piecesOf({ spec: { asset } }: Job): readonly PieceId[] {
  return asset === undefined ? [] : (asset.keys ?? [null]).map((key) => pieceId(asset.name, key))
}

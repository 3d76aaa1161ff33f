import { parseIndices } from '../../contract/index-set.ts'
import { recordedTasks } from '../../job/arrays/array-part.ts'
import type { Context, Job } from '../../job/context.ts'
import { pieceId, type PieceId } from './book.ts'

/** One key that an asset's job makes: by the task of an array that makes it (0 of any other job). */
export interface JobPiece {
  readonly id: PieceId
  readonly task: number
  /** Null: the asset has no keys. */
  readonly key: string | null
  readonly recorded: boolean
}

/** All that an asset's job makes; nothing of any other job. */
export function jobPieces(job: Job): readonly JobPiece[] {
  const { asset, parts } = job.spec
  if (asset === undefined) return []
  const tasks = parts.kind === 'array' ? parseIndices(parts.indices) : [0]
  const done = new Set(job.recorded.length === 0 ? [] : parseIndices(recordedTasks(job)))
  return tasks.map((task) => {
    const key = asset.keys?.[task] ?? null
    const id = pieceId(asset.name, key)
    return { id, task, key, recorded: job.state === 'recorded' || done.has(task) }
  })
}

/** What an asset's job makes and has not recorded. */
export function piecesOf(job: Job): readonly PieceId[] {
  return jobPieces(job).flatMap(({ id, recorded }) => (recorded ? [] : [id]))
}

/** The open jobs of this worktree that make keys of these assets, whichever run began them. */
export function openAssetJobs(context: Context, views: ReadonlyMap<string, unknown>): readonly Job[] {
  return context.ledger
    .openJobsIn(context.dataset.root)
    .filter(({ spec }) => spec.asset !== undefined && views.has(spec.asset.name))
}

/** How a result names keys of an asset; null: it has none. */
export function pieceFacts(asset: string, keys: readonly string[] | null): Readonly<Record<string, unknown>> {
  const [only] = keys ?? []
  return { asset, ...(keys === null ? {} : keys.length === 1 ? { key: only } : { keys }) }
}

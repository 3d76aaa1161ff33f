import type { Context } from '../job/context.ts'

/** A repository and its ledger, opened: what the functions work on. Made by `openDataset`. */
export interface OpenDataset {
  /** Absolute real path of the worktree's root. */
  readonly root: string
  /** The dataset's id (`.datalad/config`), or null. */
  readonly id: string | null
  /** Lets go of the ledger. The functions may not be called with it any more. */
  readonly close: () => void
}

const contexts = new WeakMap<OpenDataset, Context>()

/** What users hold of a context: they see none of the rooms below. */
export function handleOf(context: Context): OpenDataset {
  const { root, id } = context.dataset
  const handle: OpenDataset = {
    root,
    id,
    close: () => {
      if (contexts.delete(handle)) context.ledger.close()
    },
  }
  contexts.set(handle, context)
  return handle
}

/** The context behind a handle. @throws TypeError for anything that is no open dataset. */
export function contextOf(dataset: OpenDataset): Context {
  const context = contexts.get(dataset)
  if (context !== undefined) return context
  throw new TypeError('the first argument must be what openDataset() gave, and not closed yet')
}

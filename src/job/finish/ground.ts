import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitAt } from '../../dataset/across.ts'
import { checkCommittable, type Head, readHead } from '../../dataset/head.ts'
import { dropStaleOperations, fromAbove } from '../../dataset/stale-operations.ts'
import { stage, type RefusedFile, type Stage, type StagedFile } from '../../dataset/stage.ts'
import { below, subdatasetsOf, within, type Subdatasets } from '../../dataset/subdatasets.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'

/** The dataset of a finish and the subdatasets that its jobs touched: where each stands, and what is wrong with some. */
export interface Ground {
  readonly subdatasets: Subdatasets
  /** Where HEAD of each stands; null on a branch without commits, and where nothing can be told. */
  readonly commitAt: CommitAt
  /** Null where that cannot be told. */
  readonly headAt: (at: string) => Promise<Head | null>
  /** Why nothing can be committed in a dataset, by its path. */
  readonly troubles: Map<string, Note>
}

/** The name under which an operation's work in subdatasets stands there: never that of an operation of their own. */
export function operationBelow(operation: string, at: string): string {
  return `${fromAbove}${operation}-${Buffer.from(at).toString('hex').slice(-16)}-${at.length}`
}

/** Looks at subdatasets when they are asked for, each once; what killed processes left of their work there is cleared away. */
export function groundOf(context: Context, top: Head): Ground {
  const subdatasets = subdatasetsOf(context.dataset, { initialise: true })
  const troubles = new Map<string, Note>()
  const heads = new Map<string, Promise<Head | null>>([['', Promise.resolve(top)]])
  const look = async (at: string): Promise<Head | null> => {
    const dataset = await subdatasets.open(at)
    const head = dataset.ok ? await readHead(dataset.value) : dataset
    if (!head.ok || !dataset.ok) {
      troubles.set(at, head.ok ? { kind: 'not-a-repository', directory: at } : head.failure)
      return null
    }
    const committable = checkCommittable(head.value)
    if (!committable.ok) troubles.set(at, committable.failure)
    const pending = new Set(context.ledger.pendingMoves().map(({ id }) => id))
    await dropStaleOperations(dataset.value, pending, 'from-above')
    return head.value
  }
  const headAt = async (at: string): Promise<Head | null> => {
    const found = heads.get(at) ?? look(at)
    heads.set(at, found)
    return found
  }
  const commitAt: CommitAt = async (at) => ok((await headAt(at))?.commit ?? null)
  return { subdatasets, commitAt, headAt, troubles }
}

/** Stores files, each in the dataset that holds it. What fails in a subdataset is that one's trouble alone. */
export async function stageOn(
  ground: Ground,
  paths: readonly string[],
  operation: string,
): Promise<Fallible<Stage, Note>> {
  const staged: StagedFile[] = []
  const refused: RefusedFile[] = []
  for (const [at, here] of Map.groupBy(paths, (path) => ground.subdatasets.holder(path))) {
    const head = await ground.headAt(at)
    const dataset = await ground.subdatasets.open(at)
    if (head === null || !dataset.ok) continue
    const done = await stage(dataset.value, {
      paths: here.map((path) => within(at, path)),
      operation: at === '' ? operation : operationBelow(operation, at),
      head: head.commit,
      force: false,
    })
    if (!done.ok && at === '') return done
    if (!done.ok) {
      ground.troubles.set(at, done.failure)
      continue
    }
    for (const file of done.value.staged) staged.push(from(at, file))
    for (const file of done.value.refused) refused.push(from(at, file))
  }
  return ok({ staged, refused })
}

function from<File extends { readonly path: string }>(at: string, file: File): File {
  return at === '' ? file : { ...file, path: below(at, file.path) }
}

/** The subdatasets that some paths lie in, with those above them; deepest first. */
export function subdatasetsHolding(subdatasets: Subdatasets, paths: Iterable<string>): readonly string[] {
  const holding = new Set<string>()
  for (const path of paths)
    for (let at = subdatasets.holder(path); at !== '' && !holding.has(at); at = subdatasets.holder(at))
      holding.add(at)
  return [...holding].toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1))
}

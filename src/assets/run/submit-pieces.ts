import type { Context } from '../../job/context.ts'
import type { Note } from '../../job/note.ts'
import type { Report } from '../../job/report.ts'
import { scheduleBatch } from '../../job/schedule/batch.ts'
import type { Definitions } from '../definitions/definitions.ts'
import type { Settings } from '../definitions/settings.ts'
import type { AssetView } from '../look.ts'
import { pieceAt, type Book } from './book.ts'
import { limited } from './fitting.ts'
import { groupPieces, type Group } from './group-pieces.ts'
import { openAssetJobs, pieceFacts, piecesOf } from './pieces-of-job.ts'
import { settingsOfPieces, type Piece } from './piece-settings.ts'
import { requestFor } from './request.ts'

/**
 * Submits pieces as one batch, in order, as far as there is room for what runs at once. Of which no job came is given up in
 * this run; it was told why. Gives what scheduleBatch does.
 */
export async function submitPieces(
  context: Context,
  definitions: Definitions,
  views: ReadonlyMap<string, AssetView>,
  { chosen, room }: { readonly chosen: readonly Piece[]; readonly room: number },
  run: string,
  book: Book,
  report: (report: Report) => void,
): ReturnType<typeof scheduleBatch> {
  const before = new Set(openAssetJobs(context, views).map(({ id }) => id))
  const settingsFor = settingsOfPieces()
  const all = groupPieces(chosen, settingsFor, await largestArray(context, chosen))
  const submissions = limited(all, room)
  const groups = submissions.map(({ group }) => group)
  const { objectFormat } = context.dataset
  const lines = submissions.map(({ group, atOnce }, line) => ({
    line,
    get wanted() {
      return requestFor(definitions, objectFormat, views, group, settingsFor(group[0]), run, { atOnce })
    },
  }))
  const submitted = await scheduleBatch(
    { ...context, cwd: definitions.folder },
    lines,
    (one) => report(asGroup(one, groups)),
    () => {},
    () => {},
  )
  const jobs = openAssetJobs(context, views).filter((job) => !before.has(job.id))
  const begun = new Set(jobs.flatMap(piecesOf))
  for (const { id } of jobs) book.own.add(id)
  for (const { view, index, attempt } of groups.flat()) {
    const id = pieceAt(view, index)
    book.attempts.set(id, attempt + 1)
    if (!begun.has(id)) book.failed.add(id)
  }
  return submitted
}

/** How many tasks an array may have; Slurm is asked only where there may be one. */
export async function largestArray(
  context: Context,
  pieces: readonly Piece[],
): Promise<(settings: Settings) => number> {
  const onSlurm = pieces.filter(({ view }) => view.site.scheduler === 'slurm')
  const assets = new Set(onSlurm.map(({ view }) => view))
  if (assets.size === onSlurm.length) return () => 1
  const { largest } = await context.schedulers.slurm.room()
  return ({ slurm }) => {
    const option = (name: string): string | null => {
      const value = slurm.get(name)?.value
      return typeof value === 'string' ? value : null
    }
    return largest({ account: option('account'), qos: option('qos'), partition: option('partition') })
  }
}

/** What a batch says of one of its lines, as said of the pieces. */
export function asGroup({ note, facts = {}, ...rest }: Report, groups: readonly Group[]): Report {
  const { line, ...others } = facts
  const group = typeof line === 'number' ? groups[line] : undefined
  const inner = note?.kind === 'of-line' ? note.note : note
  if (group === undefined) return { ...rest, ...(note === undefined ? {} : { note }), facts }
  const [{ view }] = group
  const { name, partitions } = view.asset
  // Files are many, and so are keys: of one that an array needs it is not said for which of them.
  const isOfAll = partitions === null || (rest.type === 'file' && group.length > 1)
  const keys = isOfAll ? null : group.map(({ index }) => view.space.at(index).text)
  return {
    ...rest,
    ...(inner === undefined ? {} : { note: ofPieces(inner, rest.type, name, keys) }),
    facts: { ...others, ...pieceFacts(name, keys) },
  }
}

/** A note in the words of who asked for assets, and not for jobs. A file says by its path what it is about. */
function ofPieces(note: Note, type: Report['type'], asset: string, keys: readonly string[] | null): Note {
  if (note.kind === 'scheduled') return { kind: 'asset-submitted', asset, keys }
  return type === 'file' ? note : { kind: 'of-asset', asset, keys, note }
}

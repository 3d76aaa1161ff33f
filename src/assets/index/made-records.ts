import { relative } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import { git } from '../../dataset/git.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { readObjects } from '../../dataset/objects.ts'
import { versionOf } from '../versions/version.ts'
import { assetWords, endAt, listRecordCommits, readAssetRecords, type AssetRecord } from './asset-records.ts'
import { withIndex } from './cache.ts'
import type { OutputShape } from './output-shape.ts'
import { refreshOutputs } from './refresh-outputs.ts'
import {
  readCurrent,
  readKnown,
  readLook,
  writeLook,
  type CurrentRow,
  type DataVersions,
  type RecordRow,
} from './rows.ts'

/** A record of an asset that counts for some key, with what its outputs were then and are now. */
export interface MadeRecord extends AssetRecord {
  /** As the record's commit holds them. */
  readonly made: DataVersions
  /** As HEAD holds them. */
  readonly now: DataVersions
}

/** The records that count at a commit, by asset, newest first. */
export type MadeRecords = ReadonlyMap<string, readonly MadeRecord[]>

/**
 * The records that HEAD's history has of assets with outputs of these shapes. What an earlier look found out is in the index
 * and not asked again: when nothing changed, git is not asked at all.
 */
export async function madeRecords(
  dataset: Dataset,
  head: CommitId | null,
  shapes: ReadonlyMap<string, OutputShape>,
): Promise<Fallible<MadeRecords, DatasetFailure>> {
  if (head === null) return ok(new Map())
  const place = { folder: `${dataset.commonDir}/waybill`, shared: dataset.shared }
  return withIndex(place, async (db) => {
    const rows = await currentRows(db, dataset, head, shapes)
    return rows.ok ? ok(byAsset(rows.value)) : rows
  })
}

async function currentRows(
  db: DatabaseSync,
  dataset: Dataset,
  head: CommitId,
  shapes: ReadonlyMap<string, OutputShape>,
): Promise<Fallible<readonly CurrentRow[], DatasetFailure>> {
  const place = relative(dataset.commonDir, dataset.gitDir)
  const shapesText = versionOf([...shapes].flatMap(([name, { text }]) => [name, text]))
  const look = readLook(db, place)
  const before = look === null ? [] : readCurrent(db, place)
  if (look !== null && look.head === head && look.shapes === shapesText) return ok(before)
  const news = look === null ? ok(null) : await recordsSince(dataset, look.head, head)
  if (!news.ok) return news
  const listed = news.value === null ? await listRecordCommits(dataset, [head]) : ok(news.value)
  if (!listed.ok) return listed
  const records = await recordsOf(db, dataset, listed.value)
  if (!records.ok) return records
  const grew = news.value !== null
  const above = grew ? (before[0]?.seq ?? 0) : 0
  const known = new Map(before.map((row) => [row.commit, row]))
  // After a merge or a rewind many records count that counted before, in another order.
  const added = records.value.map((row, i): CurrentRow => ({
    ...(known.get(row.commit) ?? { ...row, shape: null, made: null, roots: null, now: null }),
    seq: above + records.value.length - i,
  }))
  const winning = winners([...added, ...(grew ? before : [])])
  const refreshed = await refreshOutputs(dataset, head, shapes, winning)
  if (!refreshed.ok) return refreshed
  const { rows, changed } = refreshed.value
  const kept = new Set(rows.map(({ seq }) => seq))
  const isNew = new Set(added)
  writeLook(db, {
    place,
    head,
    shapes: shapesText,
    before: look,
    records: added,
    current: rows.filter((row, i) => changed.has(row) || isNew.has(winning[i] ?? row) || !grew),
    gone: grew ? before.filter(({ seq }) => !kept.has(seq)).map(({ seq }) => seq) : 'all',
  })
  return ok(rows)
}

/**
 * The commits that speak of an asset in a history that only grew, commit by commit: then older records stand behind the new
 * ones, in the order they had. Null where it did not.
 */
async function recordsSince(
  dataset: Dataset,
  from: string,
  to: CommitId,
): Promise<Fallible<readonly CommitId[] | null, DatasetFailure>> {
  if (from === to) return ok([])
  const walked = await walkBack(dataset, from, to)
  if (!walked.ok || walked.value !== null) return walked
  const grown = await isGrown(dataset, from, to)
  if (!grown.ok) return grown
  return grown.value ? listRecordCommits(dataset, [`${from}..${to}`]) : ok(null)
}

/** So many new commits are read one after the other by a process that is held. */
const fewSteps = 20

/** The same for few new commits; null where they are many, or nobody is there to read them, or the history did not only grow. */
async function walkBack(
  dataset: Dataset,
  from: string,
  to: CommitId,
): Promise<Fallible<readonly CommitId[] | null, DatasetFailure>> {
  if (dataset.objects === undefined) return ok(null)
  const found: CommitId[] = []
  let at = to
  for (let step = 0; step < fewSteps; step++) {
    const read = await readObjects(dataset, [at])
    if (!read.ok) return read
    const content = read.value[0]?.content ?? Buffer.alloc(0)
    const parents = parentsIn(content)
    const [parent] = parents
    if (parent === undefined || parents.length > 1) return ok(null)
    if (content.includes(assetWords)) found.push(at)
    if (parent === from) return ok(found)
    at = parent
  }
  return ok(null)
}

/** The parents that a raw commit names, before its first empty line. */
function parentsIn(content: Buffer): readonly CommitId[] {
  const head = content.toString('latin1', 0, Math.max(0, content.indexOf('\n\n')))
  return [...head.matchAll(/^parent ([0-9a-f]{40,64})$/gm)].map(([, id]) => id as CommitId)
}

/** Whether a history only grew, commit by commit. */
async function isGrown(
  dataset: Dataset,
  from: string,
  to: string,
): Promise<Fallible<boolean, DatasetFailure>> {
  let expected = to
  let linear = true
  const args = ['rev-list', '--parents', `${from}..${to}`, '--']
  // Where the old one is gone, nothing is known of what grew.
  const listed = await git(dataset, args, {
    normal: [128],
    pieces: {
      end: '\n',
      take: (line) => {
        const [commit, parent, ...more] = line.toString('latin1').split(' ')
        linear &&= commit === expected && more.length === 0
        expected = parent ?? ''
      },
    },
  })
  return listed.ok ? ok(listed.value.code === 0 && linear && expected === from) : listed
}

/** The records of commits: what is known of them, or what their messages say. */
async function recordsOf(
  db: DatabaseSync,
  dataset: Dataset,
  commits: readonly CommitId[],
): Promise<Fallible<readonly RecordRow[], DatasetFailure>> {
  const known = readKnown(db, commits)
  const unknown = commits.filter((commit) => !known.has(commit))
  const read = await readAssetRecords(dataset, unknown)
  if (!read.ok) return read
  const records = new Map(unknown.map((commit, i) => [commit, read.value[i] ?? null]))
  return ok(commits.map((commit) => known.get(commit) ?? { commit, record: records.get(commit) ?? null }))
}

/** Those records, newest first, that are the newest of some key. */
function winners(rows: readonly CurrentRow[]): readonly CurrentRow[] {
  const claimed = new Map<string, Set<string>>()
  return rows.filter(({ record }) => {
    if (record === null) return false
    const { name, keys } = record.facts
    const taken = claimed.get(name) ?? new Set<string>()
    claimed.set(name, taken)
    const before = taken.size
    // The empty text is no key: it stands for an asset that has none.
    for (const [i, key] of (keys ?? ['']).entries()) if (endAt(record, i) !== 'absent') taken.add(key)
    return taken.size > before
  })
}

function byAsset(rows: readonly CurrentRow[]): MadeRecords {
  const records = new Map<string, MadeRecord[]>()
  for (const { record, made, now } of rows) {
    if (record === null || made === null) continue
    const own = records.get(record.facts.name) ?? []
    own.push({ ...record, made, now: now ?? made })
    records.set(record.facts.name, own)
  }
  return records
}

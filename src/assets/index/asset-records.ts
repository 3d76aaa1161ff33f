import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { BadIndices, parseIndices } from '../../contract/index-set.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import { git } from '../../dataset/git.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { joinFacts, type AssetFacts } from '../../job/asset-facts.ts'
import { readRecordFacts, type Facts, type RecordFacts } from './record-facts.ts'

/** What a record says of the asset that its job made. */
export interface AssetRecord {
  readonly commit: CommitId
  readonly facts: AssetFacts
  /** How each key ended, by its place (of an asset without: one). */
  readonly ends: readonly KeyEnd[] | KeyEnd
  /** Data versions that the payload reported: one, or by key; null: none, and git's own count. */
  readonly reported: string | Readonly<Record<string, string>> | null
  /** Names of checks that did not pass, so that they block where they are blocking ones: of all keys, or by key. */
  readonly failedChecks: readonly string[] | Readonly<Record<string, readonly string[]>>
  /** The job's own word: no two runs have the same. */
  readonly token: string
}

/** How the job of a key ended; `absent`: the record is not about that key. */
export type KeyEnd = 'done' | 'failed' | 'absent'

/** How the key at a place ended, as a record says. */
export function endAt({ ends }: Pick<AssetRecord, 'ends'>, index: number): KeyEnd {
  return typeof ends === 'string' ? ends : (ends[index] ?? 'absent')
}

/** What every message with a record of an asset holds. */
export const assetWords = '"asset": {'

/** The commits of a history whose messages speak of an asset, newest first and none before what came after it. One git process. */
export async function listRecordCommits(
  dataset: Dataset,
  revisions: readonly string[],
): Promise<Fallible<readonly CommitId[], DatasetFailure>> {
  const commits: CommitId[] = []
  const args = [
    'log',
    '--date-order',
    '--format=tformat:%H',
    '--no-color',
    '--no-show-signature',
    '--no-notes',
  ]
  const listed = await git(
    dataset,
    [...args, '--fixed-strings', `--grep=${assetWords}`, ...revisions, '--'],
    {
      pieces: { end: '\n', take: (line) => commits.push(line.toString('latin1') as CommitId) },
    },
  )
  return listed.ok ? ok(commits) : listed
}

/** Reads the records of these commits; null for one that holds none of an asset. */
export async function readAssetRecords(
  dataset: Dataset,
  commits: readonly CommitId[],
): Promise<Fallible<readonly (AssetRecord | null)[], DatasetFailure>> {
  const found = await readRecordFacts(dataset, commits)
  if (!found.ok) return found
  return ok(
    found.value.map((facts, i) => {
      const commit = commits[i]
      return facts === null || commit === undefined ? null : recordOf(commit, facts)
    }),
  )
}

function recordOf(commit: CommitId, { own, lists }: RecordFacts): AssetRecord | null {
  const facts = joinFacts(own['asset'], lists['asset'] ?? null)
  if (facts === null) return null
  const { data_version: reported, token } = own
  return {
    commit,
    facts,
    ends: endsOf(facts, own, own['tasks'] ?? lists['tasks']),
    reported:
      typeof reported === 'string' || isTexts(reported) ? (reported as AssetRecord['reported']) : null,
    failedChecks: failedChecks(own['checks'] ?? lists['checks']),
    token: typeof token === 'string' ? token : commit,
  }
}

function endsOf(
  { keys }: AssetFacts,
  { state, recorded_tasks: recorded }: Facts,
  tasks: unknown,
): AssetRecord['ends'] {
  if (!Array.isArray(tasks)) return state === 'COMPLETED' ? 'done' : 'failed'
  const ends: KeyEnd[] = Array.from({ length: keys?.length ?? 1 }, () => 'absent')
  const wanted = typeof recorded === 'string' ? new Set(indices(recorded)) : null
  for (const line of tasks) {
    const [list = '', word] = String(line).split(' ')
    for (const i of indices(list)) {
      if (i >= ends.length || (wanted !== null && !wanted.has(i))) continue
      ends[i] = word === 'COMPLETED' ? 'done' : 'failed'
    }
  }
  const [first = 'failed'] = ends
  return ends.every((end) => end === first) ? first : ends
}

/** The names of the checks of the key at a place that did not pass, as a record says. */
export function failedChecksAt(
  { failedChecks: failed, facts }: Pick<AssetRecord, 'failedChecks' | 'facts'>,
  index: number,
): readonly string[] {
  if (isList(failed)) return failed
  const key = facts.keys?.[index] ?? ''
  return Object.hasOwn(failed, key) ? (failed[key] ?? []) : []
}

function isList(value: AssetRecord['failedChecks']): value is readonly string[] {
  return Array.isArray(value)
}

/** A check of which nobody can tell did not pass; of a metric that is not known nobody says so. */
function failedChecks(checks: unknown): AssetRecord['failedChecks'] {
  const all: string[] = []
  const byKey = new Map<string, string[]>()
  for (const one of Array.isArray(checks) ? (checks as readonly unknown[]) : []) {
    if (typeof one !== 'object' || one === null) continue
    const { name, passed, severity, condition, key } = one as Readonly<Record<string, unknown>>
    const isBad = passed === null ? condition === undefined : passed === false && severity !== 'WARN'
    if (typeof name !== 'string' || !isBad) continue
    if (typeof key === 'string') byKey.set(key, [...(byKey.get(key) ?? []), name])
    else all.push(name)
  }
  return byKey.size === 0
    ? all
    : Object.fromEntries([...byKey].map(([key, names]) => [key, [...all, ...names]]))
}

/** What anybody wrote is looked at with care: no list of tasks is none. */
function indices(text: string): readonly number[] {
  try {
    return parseIndices(text)
  } catch (error) {
    if (error instanceof BadIndices) return []
    throw error
  }
}

function isTexts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((one) => typeof one === 'string')
}

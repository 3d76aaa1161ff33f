import { ok, type Fallible } from '../contract/fallible.ts'
import { coveringPrefixes } from './covering-prefixes.ts'
import { entryHead } from './entry-head.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'
import type { Entry } from './tree.ts'

/** An entry of an index, with what the user told git about it. */
export interface IndexEntry extends Entry {
  /** 0, or 1 to 3 while a merge waits. */
  readonly stage: number
  readonly skipWorktree: boolean
  readonly assumeUnchanged: boolean
}

/** Entries of the user's index, or of one of our own, at exactly these paths. One git process; none for no path. */
export async function readIndexEntries(
  dataset: Dataset,
  paths: readonly string[],
  index?: string,
): Promise<Fallible<ReadonlyMap<string, IndexEntry>, DatasetFailure>> {
  const entries = new Map<string, IndexEntry>()
  const wanted = new Set(paths)
  const visited = await visitIndexEntries(dataset, wanted, (entry) => entries.set(entry.path, entry), index)
  return visited.ok ? ok(entries) : visited
}

/** The same one by one, for many paths of which little is to be kept; `wanted` is asked about each as it comes. */
export async function visitIndexEntries(
  dataset: Dataset,
  wanted: Pick<ReadonlyMap<string, unknown>, 'size' | 'keys' | 'has'>,
  take: (entry: IndexEntry) => void,
  index?: string,
): Promise<Fallible<null, DatasetFailure>> {
  if (wanted.size === 0) return ok(null)
  const prefixes = coveringPrefixes([...wanted.keys()]) ?? []
  const listed = await git(dataset, ['ls-files', '--stage', '-v', '-z', '--', ...prefixes], {
    literal: true,
    ...(index === undefined ? {} : { index }),
    pieces: {
      end: '\0',
      take: (line) => {
        const entry = parseLine(line)
        if (wanted.has(entry.path)) take(entry)
      },
    },
  })
  return listed.ok ? ok(null) : listed
}

/** `tag mode oid stage TAB path`: tag S or s is skip-worktree, a lower-case one assume-unchanged. */
function parseLine(line: Buffer): IndexEntry {
  const {
    words: [tag = 'H', mode = '', oid = '', stage = '0'],
    end,
  } = entryHead(line)
  return {
    path: line.toString('utf8', end + 1),
    mode,
    oid,
    stage: Number(stage),
    skipWorktree: tag.toUpperCase() === 'S',
    assumeUnchanged: tag !== tag.toUpperCase(),
  }
}

/** One line for `git update-index -z --index-info`: an exact entry, or its removal. */
export function indexInfo(
  path: string,
  entry: { readonly mode: string; readonly oid: string } | null,
): string {
  return entry === null ? `0 ${'0'.repeat(40)}\t${path}\0` : `${entry.mode} ${entry.oid}\t${path}\0`
}

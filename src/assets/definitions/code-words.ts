import { isAbsolute, posix } from 'node:path'
import { literalPrefix, mayMeet } from '../../ledger/path-pattern.ts'
import type { Definitions } from './definitions.ts'
import type { RunSpec } from './run-spec.ts'
import type { Template } from './template.ts'

/**
 * For each asset the words of its command that may name files of its code: what looks like a name, within the dataset, each
 * once. What assets make or take as inputs is data and not code; words with a placeholder are none. Assets without such words
 * are absent.
 */
export function codeWords({
  assets,
  prefix,
}: Pick<Definitions, 'assets' | 'prefix'>): Definitions['codeWords'] {
  const isData = dataTest({ assets })
  const known = new Map<string, boolean>()
  const mayBeCode = (word: string): boolean => {
    const before = known.get(word)
    if (before !== undefined) return before
    const path = inDataset(prefix, word)
    const may = path !== null && !isData(path)
    known.set(word, may)
    return may
  }
  const found = new Map<string, readonly string[]>()
  for (const { name, run } of assets.values()) {
    const words = [...new Set(wordsOf(run))].filter(mayBeCode)
    if (words.length > 0) found.set(name, words)
  }
  return found
}

/** A word as a path relative to the dataset's root; null where it leads out of the dataset, or is absolute. */
export function inDataset(prefix: string, word: string): string | null {
  if (isAbsolute(word)) return null
  const path = posix.join(prefix, word)
  return path.startsWith('../') ? null : path
}

/** What may be the name of a file: a word that has a point or a slash within. */
const nameLike = /^[\w@%+:,-]*[./][\w./@%+:,=-]*$/

function wordsOf(run: RunSpec): readonly string[] {
  const literal = ({ parts }: Template): readonly string[] =>
    parts.length === 1 && typeof parts[0] === 'string' ? [parts[0]] : []
  const words =
    run.kind === 'shell'
      ? run.line.text.split(/[\s;|&()<>"'`$]+/)
      : run.kind === 'exec'
        ? run.words.flatMap(literal)
        : run.args.flatMap(literal)
  // A value behind an option's name: `--config=train.toml`.
  return words.map((word) => word.replace(/^--?[\w-]+=/, '')).filter((word) => nameLike.test(word))
}

/**
 * Whether a path is something that an asset makes, or takes as an input. Outputs are many, and so are words: each path is
 * looked up by its folders, and not compared with all.
 */
function dataTest({ assets }: Pick<Definitions, 'assets'>): (path: string) => boolean {
  const names = new Set<string>()
  const patterns = new Map<string, string[]>()
  // Folders of data: what lies in them need not be.
  const above = new Set<string>()
  for (const { inputs, outputs } of assets.values()) {
    for (const { parts } of [...outputs, ...inputs]) {
      const pattern = parts.map((part) => (typeof part === 'string' ? part : '*')).join('')
      const start = literalPrefix(pattern)
      for (const folder of foldersOf(start)) above.add(folder)
      if (start === pattern) names.add(pattern)
      else {
        above.add(start)
        const known = patterns.get(start)
        if (known === undefined) patterns.set(start, [pattern])
        else known.push(pattern)
      }
    }
  }
  return (path) => {
    if (names.has('.') || names.has(path) || above.has(path)) return true
    for (const folder of ['', ...foldersOf(path)]) {
      if (names.has(folder)) return true
      if (patterns.get(folder)?.some((pattern) => mayMeet(pattern, path))) return true
    }
    return false
  }
}

/** The folders above a path, the root left out. */
function* foldersOf(path: string): Generator<string> {
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) yield path.slice(0, end)
}

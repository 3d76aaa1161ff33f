import { statSync } from 'node:fs'
import { isAbsolute, posix, resolve } from 'node:path'
import { literalPrefix, mayMeet } from '../../ledger/path-pattern.ts'
import type { Asset, Definitions } from '../definitions/definitions.ts'
import type { RunSpec } from '../definitions/run-spec.ts'
import type { Template } from '../definitions/template.ts'

/**
 * Tells for an asset which files its command names, as it writes them, each once: its script, and every word that is a file
 * now, named from the folder of the definitions. What assets make or take as inputs is data and not code; words with a
 * placeholder are none. Each word is looked at once, however many assets have it.
 */
export function namedFiles(
  definitions: Pick<Definitions, 'assets' | 'root' | 'folder' | 'prefix'>,
): (asset: Asset) => readonly string[] {
  const isData = dataTest(definitions)
  const known = new Map<string, boolean>()
  const isFile = (word: string): boolean => {
    const seen = known.get(word)
    if (seen !== undefined) return seen
    const path = inDataset(definitions.prefix, word)
    const is = path !== null && !isData(path) && isFileAt(resolve(definitions.folder, word))
    known.set(word, is)
    return is
  }
  return ({ run }) => {
    const script = run.kind === 'bash' || run.kind === 'python' ? [run.file] : []
    return [...new Set([...script, ...wordsOf(run).filter(isFile)])]
  }
}

/** A file that a command names, relative to the dataset's root, or absolute where it lies elsewhere. */
export function pathOfNamed(
  { root, folder, prefix }: Pick<Definitions, 'root' | 'folder' | 'prefix'>,
  file: string,
): string {
  if (!isAbsolute(file)) return inDataset(prefix, file) ?? resolve(folder, file)
  const inside = posix.relative(root, file)
  return inside.startsWith('../') ? file : inside
}

function isFileAt(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  } catch {
    // Any word of a command comes here: too long for a name, or as if it lay below a file.
    return false
  }
}

function inDataset(prefix: string, word: string): string | null {
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

import { statSync } from 'node:fs'
import { isAbsolute, posix, resolve } from 'node:path'
import { inDataset } from '../definitions/code-words.ts'
import type { Asset, Definitions } from '../definitions/definitions.ts'

/**
 * Tells for an asset which files its command names, as it writes them, each once: its script, and every word that may name
 * code and is a file now, named from the folder of the definitions. Each word is looked at once, however many assets have it.
 */
export function namedFiles({
  folder,
  codeWords,
}: Pick<Definitions, 'folder' | 'codeWords'>): (asset: Asset) => readonly string[] {
  const known = new Map<string, boolean>()
  const isFile = (word: string): boolean => {
    const is = known.get(word) ?? isFileAt(resolve(folder, word))
    known.set(word, is)
    return is
  }
  return ({ name, run }) => {
    const words = (codeWords.get(name) ?? []).filter(isFile)
    return run.kind === 'bash' || run.kind === 'python' ? [...new Set([run.file, ...words])] : words
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

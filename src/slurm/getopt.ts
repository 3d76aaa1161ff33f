import { sbatchOptions } from './sbatch-options.ts'
import type { SbatchOption } from './sbatch-options.ts'

/** One option as it was given. `value` is null for a flag and for an optional argument left out. */
export interface GivenOption {
  readonly name: string
  readonly value: string | null
}

/** What getopt_long(3) makes of a list of words: options, then from `rest` on the words that are none. */
export interface GivenOptions {
  readonly options: readonly GivenOption[]
  readonly rest: number
  /** Options that are not sbatch's: a newer Slurm's, a SPANK plugin's, or mistakes that sbatch will name. */
  readonly unknown: readonly string[]
}

const byName = new Map(sbatchOptions.map((option) => [option.name, option]))
const byLetter = new Map(sbatchOptions.flatMap((option) => (option.letter ? [[option.letter, option]] : [])))

/**
 * Reads options as sbatch does: in order, to the first word that is none (`--` ends them too), with unambiguous
 * abbreviations. After an unknown `--option` the next word is taken for its argument unless `isOperand` knows better.
 */
export function readOptions(
  words: readonly string[],
  isOperand: (word: string) => boolean = () => true,
): GivenOptions {
  const options: GivenOption[] = []
  const unknown: string[] = []
  let at = 0
  while (at < words.length) {
    const word = words[at] ?? ''
    if (word === '--') return { options, rest: at + 1, unknown }
    if (!word.startsWith('-') || word === '-') break
    at += 1
    if (word.startsWith('--')) {
      const [name, attached] = splitOnce(word.slice(2))
      const option = findLong(name)
      if (option === null) {
        unknown.push(word)
        const next = words[at]
        if (attached === null && next !== undefined && !next.startsWith('-') && !isOperand(next)) at += 1
      } else if (option.arity === 'required' && attached === null) {
        options.push({ name: option.name, value: words[at] ?? '' })
        at += 1
      } else {
        options.push({ name: option.name, value: option.arity === 'none' ? null : attached })
      }
      continue
    }
    at += readCluster(word.slice(1), words[at], options, unknown)
  }
  return { options, rest: Math.min(at, words.length), unknown }
}

/** Reads `-vJname` or `-J name`: how many following words it used. */
function readCluster(
  letters: string,
  next: string | undefined,
  options: GivenOption[],
  unknown: string[],
): number {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at)
    const option = byLetter.get(letter)
    if (!option) {
      unknown.push(`-${letter}`)
      continue
    }
    if (option.arity === 'none') {
      options.push({ name: option.name, value: null })
      continue
    }
    const attached = letters.slice(at + 1)
    if (attached !== '' || option.arity === 'optional') {
      options.push({ name: option.name, value: attached === '' ? null : attached })
      return 0
    }
    options.push({ name: option.name, value: next ?? '' })
    return 1
  }
  return 0
}

function findLong(name: string): SbatchOption | null {
  const exact = byName.get(name)
  if (exact) return exact
  const [first, ...more] = sbatchOptions.filter((option) => option.name.startsWith(name))
  return first && more.length === 0 ? first : null
}

function splitOnce(text: string): readonly [string, string | null] {
  const equals = text.indexOf('=')
  return equals < 0 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)]
}

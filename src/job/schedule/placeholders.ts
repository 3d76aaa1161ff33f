import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { isPlaceholder, quoteWord } from '../../provenance/shell-words.ts'

/** What placeholders stand for: a text, or a list that is joined by blanks and can be indexed. */
export type Substitutions = Readonly<Record<string, string | readonly string[]>>

/** A placeholder that stands for nothing, or a brace without its twin (Python's `str.format` rules, as DataLad uses them). */
export type PlaceholderFailure =
  | {
      readonly kind: 'unknown-placeholder'
      readonly text: string
      readonly name: string
      readonly known: readonly string[]
    }
  | { readonly kind: 'lone-brace'; readonly text: string }

/** Fills the placeholders of a declared path list. A list that is exactly one placeholder of a list becomes that list. */
export function fillPaths(
  specs: readonly string[],
  values: Substitutions,
): Fallible<readonly string[], PlaceholderFailure> {
  const filled: string[] = []
  for (const spec of specs) {
    const list = specs.length === 1 ? listOf(spec, values) : null
    if (list !== null) return ok(list)
    const text = fill(spec, values, (item) => item)
    if (!text.ok) return text
    filled.push(text.value)
  }
  return ok(filled)
}

/**
 * Fills the placeholders of a command. In a command of one word, which a shell will read, file names are quoted; a word
 * that is nothing but `{inputs}` becomes as many words as there are files.
 */
export function fillWords(
  words: readonly string[],
  values: Substitutions,
): Fallible<readonly string[], PlaceholderFailure> {
  const shellLine = words.length === 1
  const filled: string[] = []
  for (const word of words) {
    const list = !shellLine && isPlaceholder(word) ? listOf(word, values) : null
    if (list !== null) {
      for (const item of list) filled.push(item)
      continue
    }
    const text = fill(word, values, shellLine ? quoteWord : (item) => item)
    if (!text.ok) return text
    filled.push(text.value)
  }
  return ok(filled)
}

/** Fills the placeholders of one text, with nothing quoted: Python's `str.format`. */
export function fillText(
  text: string,
  values: Readonly<Record<string, string>>,
): Fallible<string, PlaceholderFailure> {
  return fill(text, values, (item) => item)
}

function listOf(word: string, values: Substitutions): readonly string[] | null {
  const name = /^\{([\w-]+)\}$/.exec(word)?.[1]
  const value = name === undefined ? undefined : values[name]
  return typeof value === 'object' ? value : null
}

function fill(
  text: string,
  values: Substitutions,
  quote: (item: string) => string,
): Fallible<string, PlaceholderFailure> {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? ''
    if ((c === '{' || c === '}') && text[i + 1] === c) {
      out += c
      i++
    } else if (c === '{') {
      const end = text.indexOf('}', i)
      if (end < 0) return fail({ kind: 'lone-brace', text })
      const found = lookUp(text.slice(i + 1, end), values, quote)
      if (found === null) {
        return fail({
          kind: 'unknown-placeholder',
          text,
          name: text.slice(i + 1, end),
          known: Object.keys(values),
        })
      }
      out += found
      i = end
    } else if (c === '}') {
      return fail({ kind: 'lone-brace', text })
    } else out += c
  }
  return ok(out)
}

function lookUp(field: string, values: Substitutions, quote: (item: string) => string): string | null {
  const match = /^([^[\]]+)(?:\[(\d+)\])?$/.exec(field)
  const value = match?.[1] === undefined ? undefined : values[match[1]]
  if (value === undefined) return null
  const index = match?.[2]
  if (typeof value === 'string') return index === undefined ? value : null
  if (index === undefined) return value.map(quote).join(' ')
  const item = value[Number(index)]
  return item === undefined ? null : quote(item)
}

/** Characters that Python's `shlex.quote` leaves bare. */
const bare = /^[\w@%+=:,./-]+$/

/** Quotes one word for a POSIX shell exactly as Python's `shlex.quote` does, so that `cmd` is what DataLad would write. */
export function quoteWord(word: string): string {
  if (word === '') return "''"
  // Python's \w there is ASCII only (re.ASCII).
  return bare.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`
}

/**
 * The words of a command as one line, as DataLad's records hold it: one word stays as it is (it may be a whole shell
 * line), several are quoted where needed. A word that is one placeholder stays bare, so that `{inputs}` of several
 * files becomes several words when DataLad runs the record again; so does `{outputs[0]}` within a word, since DataLad
 * quotes the name that it puts there.
 */
export function joinWords(words: readonly string[]): string {
  const [only] = words
  if (words.length === 1 && only !== undefined) return only
  return words.map((word) => (isPlaceholder(word) ? word : quoteAround(word))).join(' ')
}

function quoteAround(word: string): string {
  const parts = word.split(/((?<!\{)\{[a-z]+\[\d+\]\}(?!\}))/)
  if (parts.length === 1) return quoteWord(word)
  return parts.map((part, i) => (i % 2 === 1 || part === '' ? part : quoteWord(part))).join('')
}

/** Whether a word is nothing but one placeholder such as `{inputs}` or `{outputs[0]}`. */
export function isPlaceholder(word: string): boolean {
  return /^\{[a-z]+(\[\d+\])?\}$/.test(word)
}

/** A line cut into words as a POSIX shell would, or the first construct that only a shell can carry out. */
export type SplitLine =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'needs-shell'; readonly construct: string }
  | { readonly kind: 'unfinished'; readonly quote: string }

/** A placeholder whose bracket is no wildcard. */
const indexed = /\{[a-z]+\[\d+\]\}/y

/** Splits a line at blanks, honouring quotes and backslashes (POSIX shell, 2.2); expands nothing. */
export function splitLine(line: string): SplitLine {
  const words: string[] = []
  let word: string | null = null
  let i = 0
  while (i < line.length) {
    const c = line[i] ?? ''
    indexed.lastIndex = i
    const placeholder = indexed.exec(line)?.[0]
    if (placeholder !== undefined) {
      word = (word ?? '') + placeholder
      i += placeholder.length
      continue
    }
    if (c === "'" || c === '"') {
      const read: { text: string; end: number } | 'unfinished' | { construct: string } =
        c === "'" ? readSingle(line, i) : readDouble(line, i)
      if (read === 'unfinished') return { kind: 'unfinished', quote: c }
      if ('construct' in read) return { kind: 'needs-shell', construct: read.construct }
      word = (word ?? '') + read.text
      i = read.end
      continue
    }
    if (c === '\\') {
      const next = line[i + 1]
      if (next !== '\n') word = (word ?? '') + (next ?? '\\')
      i += 2
      continue
    }
    if (c === ' ' || c === '\t') {
      if (word !== null) words.push(word)
      word = null
    } else if (
      '|&;<>()$`\n'.includes(c) ||
      ('*?[~#'.includes(c) && (word === null || (c !== '~' && c !== '#')))
    ) {
      return { kind: 'needs-shell', construct: c === '\n' ? 'a newline' : c }
    } else {
      word = (word ?? '') + c
    }
    i++
  }
  if (word !== null) words.push(word)
  return { kind: 'words', words }
}

function readSingle(line: string, start: number): { text: string; end: number } | 'unfinished' {
  const end = line.indexOf("'", start + 1)
  return end < 0 ? 'unfinished' : { text: line.slice(start + 1, end), end: end + 1 }
}

function readDouble(
  line: string,
  start: number,
): { text: string; end: number } | 'unfinished' | { construct: string } {
  let text = ''
  for (let i = start + 1; i < line.length; i++) {
    const c = line[i] ?? ''
    if (c === '"') return { text, end: i + 1 }
    if (c === '$' || c === '`') return { construct: c }
    if (c === '\\' && '\\"$`\n'.includes(line[i + 1] ?? 'x')) {
      i++
      if (line[i] !== '\n') text += line[i]
      continue
    }
    text += c
  }
  return 'unfinished'
}

/** The words of a line of git's before its path, and where the path begins. */
export interface EntryHead {
  readonly words: readonly string[]
  readonly end: number
}

const modes = new Map<string, string>()
const [blank, tab] = [0x20, 0x09]

/**
 * Cuts `word word … TAB path` into its words. Each is a text of its own, and of each mode there is one: what is cut from a
 * text keeps that whole text in memory, and there may be many thousand lines.
 */
export function entryHead(line: Buffer, from = 0): EntryHead {
  const found = line.indexOf(tab)
  const end = found < 0 ? line.length : found
  const words: string[] = []
  for (let at = from; at < end;) {
    const next = line.indexOf(blank, at)
    const stop = next < 0 || next > end ? end : next
    words.push(shared(line.toString('latin1', at, stop)))
    at = stop + 1
  }
  return { words, end }
}

/** Names of objects are long and differ; modes, types and marks are few. */
function shared(word: string): string {
  if (word.length > 7) return word
  const known = modes.get(word)
  if (known !== undefined) return known
  modes.set(word, word)
  return word
}

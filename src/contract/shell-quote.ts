/** Quotes one word for a POSIX shell: whatever it holds, the shell reads exactly it. A word cannot hold NUL. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

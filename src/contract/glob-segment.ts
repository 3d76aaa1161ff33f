/**
 * A test for names against one segment of a pattern in the dialect of Python's fnmatch: `*`, `?`, `[abc]`, `[a-z]`,
 * `[!a]`; all else, backslash and braces too, stands for itself. As in Python's glob, a leading dot must be written.
 */
export function segmentMatcher(pattern: string): (name: string) => boolean {
  let source = ''
  for (let i = 0; i < pattern.length;) {
    const c = pattern[i] ?? ''
    const set = c === '[' ? /^\[(!?)(\]?[^\]]*)\]/s.exec(pattern.slice(i)) : null
    if (c === '*') source += '.*'
    else if (c === '?') source += '.'
    else if (set) source += characterSet(set[1] === '!', set[2] ?? '')
    else source += /[\\^$.|+()[\]{}/]/.test(c) ? `\\${c}` : c
    i += set ? set[0].length : 1
  }
  const expression = new RegExp(`^(?:${source})$`, 'su')
  const hidden = pattern.startsWith('.')
  return (name) => (hidden || !name.startsWith('.')) && expression.test(name)
}

function characterSet(negated: boolean, members: string): string {
  const ranges: string[] = []
  const points = [...members]
  for (let i = 0; i < points.length; i++) {
    const from = points[i] ?? ''
    const to = points[i + 1] === '-' ? points[i + 2] : undefined
    if (to === undefined) ranges.push(codePoint(from))
    else {
      // A range that runs backwards matches nothing.
      if (from <= to) ranges.push(`${codePoint(from)}-${codePoint(to)}`)
      i += 2
    }
  }
  return negated ? `[^${ranges.join('')}]` : `[${ranges.join('')}]`
}

function codePoint(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

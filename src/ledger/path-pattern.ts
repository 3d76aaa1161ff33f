import picomatch from 'picomatch'

/** Characters that make a path segment a pattern in the dialect of Python's glob: `*`, `?`, `[…]`; `**` spans segments. */
const wild = /[*?[]/

/** Whether a root-relative path holds a wildcard. */
export function isPattern(path: string): boolean {
  return wild.test(path)
}

/** The leading segments of a path that hold no wildcard, joined; the whole path when none does; `` at the root. */
export function literalPrefix(path: string): string {
  const segments = path.split('/')
  const first = segments.findIndex((segment) => wild.test(segment))
  return first < 0 ? path : segments.slice(0, first).join('/')
}

/**
 * Whether something that `a` may name equals, contains or lies under something that `b` may name. Both are
 * root-relative; `.` is the root. Conservative: true where it cannot be told.
 */
export function mayMeet(a: string, b: string): boolean {
  if (a === '.' || b === '.') return true
  const left = a.split('/')
  const right = b.split('/')
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const l = left[i] ?? ''
    const r = right[i] ?? ''
    if (l === '**' || r === '**') return true
    if (!segmentsMeet(l, r)) return false
  }
  return true
}

function segmentsMeet(a: string, b: string): boolean {
  const aWild = wild.test(a)
  const bWild = wild.test(b)
  if (!aWild && !bWild) return a === b
  if (!aWild) return matchesSegment(a, b)
  if (!bWild) return matchesSegment(b, a)
  // Two patterns: whatever both match begins with both heads and ends with both tails.
  return (
    headsAgree(head(a), head(b), (text, other) => text.startsWith(other)) &&
    headsAgree(tail(a), tail(b), (text, other) => text.endsWith(other))
  )
}

/** Whether one segment matches a pattern of one segment, in the dialect of Python's glob. */
export function matchesSegment(name: string, pattern: string): boolean {
  return picomatch.isMatch(name, pattern, { dot: true, nobrace: true, noextglob: true, nonegate: true })
}

function headsAgree(a: string, b: string, has: (text: string, other: string) => boolean): boolean {
  return a.length >= b.length ? has(a, b) : has(b, a)
}

function head(pattern: string): string {
  return pattern.slice(0, pattern.search(wild))
}

function tail(pattern: string): string {
  return /[^*?[\]]*$/.exec(pattern)?.[0] ?? ''
}

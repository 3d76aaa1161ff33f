import { segmentMatcher } from '../contract/glob-segment.ts'

/** Characters that make a path segment a pattern in the dialect of Python's glob: `*`, `?`, `[…]`; `**` spans segments. */
const wild = /[*?[]/

/** A wildcard that stands for itself (Python's `glob.escape`). */
const escaped = /\[([*?[])\]/g

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
 * root-relative (`.` is the root) or absolute. Conservative: true where it cannot be told.
 */
export function mayMeet(a: string, b: string): boolean {
  // Logs outside the worktree are absolute: the root does not hold them.
  if (a === '.') return !b.startsWith('/')
  if (b === '.') return !a.startsWith('/')
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
  const aName = nameOf(a)
  const bName = nameOf(b)
  if (aName !== null && bName !== null) return aName === bName
  if (aName !== null) return segmentMatcher(b)(aName)
  if (bName !== null) return segmentMatcher(a)(bName)
  // Two patterns: whatever both match begins with both heads and ends with both tails.
  return (
    headsAgree(head(a), head(b), (text, other) => text.startsWith(other)) &&
    headsAgree(tail(a), tail(b), (text, other) => text.endsWith(other))
  )
}

/** The one name that a segment stands for, be it written with `[[]` for `[`; null for a pattern. */
function nameOf(segment: string): string | null {
  return wild.test(segment.replaceAll(escaped, '')) ? null : segment.replaceAll(escaped, '$1')
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

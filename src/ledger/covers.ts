import { segmentMatcher } from '../contract/glob-segment.ts'
import { isPattern, literalPrefix } from './path-pattern.ts'

/** Whether a declared path or pattern names `path` itself or a folder above it. Both root-relative. */
export function covers(declared: string, path: string): boolean {
  if (declared === '.') return true
  if (!isPattern(declared)) return path === declared || path.startsWith(`${declared}/`)
  return matchFrom(declared.split('/'), path.split('/'))
}

/**
 * The same of many declared paths and patterns: a path is only compared with those that begin with folders above it, however
 * many there are.
 */
export function coversAny(declared: Iterable<string>): (path: string) => boolean {
  const byPrefix = new Map<string, Set<string>>()
  for (const one of declared) {
    const prefix = one === '.' ? '' : literalPrefix(one)
    const alike = byPrefix.get(prefix) ?? new Set()
    byPrefix.set(prefix, alike.add(one))
  }
  return (path) => {
    for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      if (
        byPrefix
          .get(at)
          ?.values()
          .some((one) => covers(one, path)) === true
      )
        return true
      if (at === '') return false
    }
  }
}

function matchFrom(pattern: readonly string[], path: readonly string[]): boolean {
  const [segment, ...rest] = pattern
  if (segment === undefined) return true
  const [name, ...below] = path
  if (segment === '**') return matchFrom(rest, path) || (name !== undefined && matchFrom(pattern, below))
  return name !== undefined && segmentMatcher(segment)(name) && matchFrom(rest, below)
}

import { segmentMatcher } from '../contract/glob-segment.ts'
import { isPattern } from './path-pattern.ts'

/** Whether a declared path or pattern names `path` itself or a folder above it. Both root-relative. */
export function covers(declared: string, path: string): boolean {
  if (declared === '.') return true
  if (!isPattern(declared)) return path === declared || path.startsWith(`${declared}/`)
  return matchFrom(declared.split('/'), path.split('/'))
}

function matchFrom(pattern: readonly string[], path: readonly string[]): boolean {
  const [segment, ...rest] = pattern
  if (segment === undefined) return true
  const [name, ...below] = path
  if (segment === '**') return matchFrom(rest, path) || (name !== undefined && matchFrom(pattern, below))
  return name !== undefined && segmentMatcher(segment)(name) && matchFrom(rest, below)
}

/**
 * At most `limit` paths that equal or contain all the given ones, or null when only the root would do. git compares every
 * entry with every path it is given: few prefixes and a look at what comes back is quicker than many names.
 */
export function coveringPrefixes(paths: readonly string[], limit = 24): readonly string[] | null {
  let prefixes = new Set(paths)
  const deepest = Math.max(0, ...paths.map((path) => path.split('/').length))
  for (let depth = deepest - 1; prefixes.size > limit; depth--) {
    if (depth === 0) return null
    prefixes = new Set([...prefixes].map((path) => path.split('/').slice(0, depth).join('/')))
  }
  return [...prefixes]
}

/** What people call keys of an asset; null: it has none. */
export function pieceName(asset: string, keys: readonly string[] | null): string {
  if (keys === null) return asset
  if (keys.length <= 3) return `${asset} ${keys.join(', ')}`
  return `${asset} ${keys.slice(0, 2).join(', ')} and ${keys.length - 2} more keys`
}

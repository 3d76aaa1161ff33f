/** An entry of a tree object: `mode` is octal and without the leading zero of folders (40000), `oid` is made when asked for. */
export interface StoredEntry {
  readonly mode: string
  readonly name: string
  readonly oid: () => string
}

/** Visits the entries of a tree object, in git's order: `mode SP name NUL id` (gitformat-tree), the id as bytes. */
export function visitTree(content: Buffer, idBytes: number, visit: (entry: StoredEntry) => void): void {
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(32, at)
    const end = content.indexOf(0, blank)
    const next = end + 1 + idBytes
    visit({
      mode: content.toString('latin1', at, blank),
      name: content.toString('utf8', blank + 1, end),
      oid: () => content.toString('hex', end + 1, next),
    })
    at = next
  }
}

/** An object of the repository. */
export interface StoredObject {
  readonly oid: string
  readonly type: 'blob' | 'tree' | 'commit' | 'tag'
  readonly content: Buffer
}

/** What git says of an object without its content. */
export interface ObjectHead extends Omit<StoredObject, 'content'> {
  /** In bytes. */
  readonly size: number
}

/** Reads `oid SP type SP size`, as `git cat-file --batch` and `--batch-check` say it; null for any other line. */
export function readHead(line: string): ObjectHead | null {
  const match = /^([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)$/.exec(line)
  return match === null
    ? null
    : { oid: match[1] ?? '', type: match[2] as ObjectHead['type'], size: Number(match[3]) }
}

import { newHash } from '../contract/new-hash.ts'
import { createReadStream, statSync } from 'node:fs'

/** git's id of a blob with this content. */
export function blobId(format: 'sha1' | 'sha256', content: Buffer): string {
  return newHash(format).update(`blob ${content.length}\0`).update(content).digest('hex')
}

/** git's id of the bytes of a file, unfiltered; read as a stream. Null when the file changed its size meanwhile. */
export async function fileBlobId(format: 'sha1' | 'sha256', file: string): Promise<string | null> {
  const { size } = statSync(file)
  const hash = newHash(format).update(`blob ${size}\0`)
  let read = 0
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer)
    read += (chunk as Buffer).length
  }
  return read === size ? hash.digest('hex') : null
}

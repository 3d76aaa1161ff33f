import { newHash } from '../contract/new-hash.ts'
import { createReadStream } from 'node:fs'

/** The largest file that git-annex itself still looks into for a pointer (Annex/Link.hs, maxPointerSz). */
export const maxPointerSize = 32_768

/** The key of a locked annexed file from the text of its symlink, or null for any other symlink. */
export function keyOfLink(target: string): string | null {
  const match = /(?:^|\/)annex\/objects\/(?:[^/]+\/)*([^/]+)$/s.exec(target)
  return match?.[1] ?? null
}

/** The key that a pointer file's content names (unlocked annexed files, in git), or null. */
export function keyOfPointer(content: Buffer | string): string | null {
  const match = /^\/annex\/objects\/([^\n]+)(?:\n|$)/.exec(content.toString('utf8'))
  return match?.[1]?.replace(/.*\//, '') ?? null
}

/** The size in bytes that a key states, or null when it states none (some URL keys). */
export function sizeOfKey(key: string): number | null {
  const match = /^[A-Z0-9_]+(?:-[a-zA-Z][0-9]+)*?-s(\d+)(?=-)/.exec(key)
  return match ? Number(match[1]) : null
}

/** git-annex's names of backends whose hashes node:crypto can compute. */
const algorithms: Readonly<Record<string, string>> = {
  MD5: 'md5',
  SHA1: 'sha1',
  SHA224: 'sha224',
  SHA256: 'sha256',
  SHA384: 'sha384',
  SHA512: 'sha512',
  SHA3_256: 'sha3-256',
  SHA3_512: 'sha3-512',
  BLAKE2B512: 'blake2b512',
  BLAKE2S256: 'blake2s256',
}

/** Whether a file's bytes are what a key stands for; null when the key's backend holds no hash that can be computed here. */
export async function contentMatches(file: string, key: string): Promise<boolean | null> {
  const match = /^([A-Z0-9_]+?)(E?)(?:-[a-zA-Z]\d+)*--(.+)$/s.exec(key)
  const algorithm = algorithms[match?.[1] ?? '']
  if (match === null || algorithm === undefined) return null
  // An E backend keeps the file's extension behind the hash.
  const expected = match[2] === 'E' ? (match[3] ?? '').split('.')[0] : match[3]
  const hash = newHash(algorithm)
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex') === expected
}

import type { Hash } from 'node:crypto'

/** A new hash by its OpenSSL name. node:crypto is loaded with the first one: most commands make none. */
export function newHash(algorithm: string): Hash {
  return process.getBuiltinModule('node:crypto').createHash(algorithm)
}

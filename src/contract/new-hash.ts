import type { Hash } from 'node:crypto'

/** A new hash by its OpenSSL name. node:crypto is loaded with the first one: most commands make none. */
export function newHash(algorithm: string): Hash {
  return process.getBuiltinModule('node:crypto').createHash(algorithm)
}

/** The hash of a text by its OpenSSL name, in hexadecimal digits: for many small texts the quickest way. */
export function hashText(algorithm: string, text: string): string {
  return process.getBuiltinModule('node:crypto').hash(algorithm, text, 'hex')
}

import { hashText } from '../../contract/new-hash.ts'

/** What tells one state of something from another: the first 16 hexadecimal digits of a SHA-256. */
export type Version = string

/** One version for all keys of an asset, or one a key by its place. */
export type PerKey = Version | readonly Version[]

/** The version of some texts in their order; no two lists of texts are the same bytes. */
export function versionOf(texts: Iterable<string>): Version {
  let all = ''
  for (const text of texts) all += `${text.length} ${text}\n`
  return hashText('sha256', all).slice(0, 16)
}

/** The version at the place of a key. */
export function versionAt(versions: PerKey, index: number): Version {
  return typeof versions === 'string' ? versions : (versions[index] ?? '')
}

/** One version where all are the same, else all of them; `none` where there are none. */
export function perKey(versions: readonly Version[]): PerKey {
  const [first = versionOf([])] = versions
  return versions.every((one) => one === first) ? first : versions
}

/**
 * The asset that a job makes, and what it is made of: a later look tells by it whether the result is still fresh. Kept in
 * the ledger and in records; versions are 16 hexadecimal digits, or what a payload reported.
 */
export interface AssetFacts {
  readonly name: string
  /** Keys of the partitions that it makes, by array index (a single job: one); null: not partitioned. */
  readonly keys: readonly string[] | null
  /** Version of payload, command and environment (`codeVersionOf`); one for all keys, or one a key where they differ. */
  readonly code: string | readonly string[]
  /** Version of its inputs as they lay on disk at submission; one, or one a key. */
  readonly inputs: string | readonly string[]
  /** Version of each asset or external source that it needs, at submission; one, or one a key. */
  readonly upstream: Readonly<Record<string, string | readonly string[]>>
  /** The run that asked for it. */
  readonly run: string
}

/** More keys than these go to the file of long lists, with all that there is one of a key. */
const mostKeysInMessage = 100

/** What the record itself says of an asset, and what its file of long lists says; `lists` null: nothing. */
export interface SplitFacts {
  readonly short: Partial<AssetFacts> & { readonly key_count?: number }
  readonly lists: Partial<AssetFacts> | null
}

/** Parts facts where there are many keys; `joinFacts` puts them together again. */
export function splitFacts(facts: AssetFacts): SplitFacts {
  const { keys, code, inputs, upstream, ...rest } = facts
  if (keys === null || keys.length <= mostKeysInMessage) return { short: facts, lists: null }
  const isShort = (value: string | readonly string[]): value is string => typeof value === 'string'
  const named = Object.entries(upstream)
  return {
    short: {
      ...rest,
      key_count: keys.length,
      ...(isShort(code) ? { code } : {}),
      ...(isShort(inputs) ? { inputs } : {}),
      upstream: Object.fromEntries(named.filter(([, version]) => isShort(version))),
    },
    lists: {
      keys,
      ...(isShort(code) ? {} : { code }),
      ...(isShort(inputs) ? {} : { inputs }),
      upstream: Object.fromEntries(named.filter(([, version]) => !isShort(version))),
    },
  }
}

/** Facts as a record says them, with those of its file of long lists; null where anybody has written something else there. */
export function joinFacts(short: unknown, lists: unknown): AssetFacts | null {
  if (!isObject(short) || (lists !== null && !isObject(lists))) return null
  const upstream: unknown[] = [short['upstream'] ?? {}, lists?.['upstream'] ?? {}]
  if (!upstream.every(isObject)) return null
  const { name, keys = null, code, inputs, run = '' } = { ...short, ...lists }
  const versions = Object.assign({}, ...upstream) as Readonly<Record<string, unknown>>
  // The list of keys is in a file that is not there.
  if (keys === null && short['key_count'] !== undefined) return null
  const count = keys === null ? 1 : Array.isArray(keys) ? keys.length : -1
  if (typeof name !== 'string' || typeof run !== 'string' || (keys !== null && !isTexts(keys))) return null
  const fits = (value: unknown): value is string | readonly string[] =>
    typeof value === 'string' || (isTexts(value) && value.length === count)
  if (!fits(code) || !fits(inputs) || !Object.values(versions).every(fits)) return null
  return { name, keys, code, inputs, upstream: versions as AssetFacts['upstream'], run }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value, or the failure that stood in its way. Failures are facts about the world; bugs are exceptions. */
export type Fallible<T, F> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: F }

/** Wraps a value as a success. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

/** Wraps a failure. */
export function fail<const F>(failure: F): { readonly ok: false; readonly failure: F } {
  return { ok: false, failure }
}

/** Ends a switch over a closed union: the compiler proves that no case is left. */
export function assertNever(value: never): never {
  throw new Error(`not a case: ${JSON.stringify(value)}`)
}

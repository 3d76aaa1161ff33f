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

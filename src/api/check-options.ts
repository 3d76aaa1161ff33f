/** Says what a value should have been, or null when it is that. */
export type Check = (value: unknown) => string | null

/** A check for each option of a function: the compiler proves that none is left out. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check }

/** Texts, numbers, and true or false, by names. */
export const settings: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((one) => ['string', 'number', 'boolean'].includes(typeof one))
    ? null
    : 'an object of texts, numbers, true or false'

/** A text. */
export const text: Check = (value) => (typeof value === 'string' ? null : 'a string')

/** Yes or no. */
export const flag: Check = (value) => (typeof value === 'boolean' ? null : 'true or false')

/** A whole number that is not negative. */
export const count: Check = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? null : 'a whole number that is not negative'

/** Texts in a list. */
export const texts: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string') ? null : 'an array of strings'

/** Something to call. */
export const callback: Check = (value) => (typeof value === 'function' ? null : 'a function')

/** One of a few words. */
export function oneOf(...words: readonly string[]): Check {
  return (value) =>
    words.includes(value as string) ? null : words.map((word) => JSON.stringify(word)).join(' or ')
}

/** Checks of the options that every function takes. */
export const callChecks = { onResult: callback, onProgress: callback, keepResults: flag } as const

/** @throws TypeError with words for an option that does not exist or has a value it cannot have; undefined is not given. */
export function checkOptions<Options extends object>(
  name: string,
  options: Options,
  checks: Checks<Options>,
): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${name}: the options must be an object`)
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    const check = Object.hasOwn(checks, key) ? checks[key as keyof Options] : undefined
    if (check === undefined)
      throw new TypeError(`${name}: there is no option ${key}; known are ${Object.keys(checks).join(', ')}`)
    const expected = check(value)
    if (expected !== null) throw new TypeError(`${name}: ${key} must be ${expected}`)
  }
}

/** @throws TypeError with words for an argument that is not what it must be. */
export function checkArgument(name: string, what: string, value: unknown, check: Check): void {
  const expected = check(value)
  if (expected !== null) throw new TypeError(`${name}: ${what} must be ${expected}`)
}

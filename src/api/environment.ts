import type { Check } from './check-options.ts'

/** Names and values of an environment. */
export const variables: Check = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string')
    ? null
    : 'an object of strings'

/** An environment without the names that have no value. */
export function definedOnly(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

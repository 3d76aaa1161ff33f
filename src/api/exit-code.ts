import type { Result } from './result.ts'

/** The exit codes of every command. */
export const exitCode = { ok: 0, trouble: 1, usage: 2, interrupted: 130 } as const

/** 0 when all went well, 1 when something was `impossible` or an `error`. */
export function exitCodeOf(results: readonly Pick<Result, 'status'>[]): number {
  const trouble = results.some(({ status }) => status === 'impossible' || status === 'error')
  return trouble ? exitCode.trouble : exitCode.ok
}

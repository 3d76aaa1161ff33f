import type { Context } from './context.ts'

/** How long a record waits for accounting's last word: `WAYBILL_FACTS_WAIT` in seconds (default 10, 0: not at all). */
export function factsWait(context: Context): number {
  return secondsIn(context, 'WAYBILL_FACTS_WAIT', 10)
}

/**
 * How long after a job's end a file system of several machines may take to show here what the job wrote:
 * `WAYBILL_OUTPUTS_WAIT` in seconds (default 60, 0: nothing is waited for).
 */
export function outputsWait(context: Context): number {
  return secondsIn(context, 'WAYBILL_OUTPUTS_WAIT', 60)
}

function secondsIn({ env }: Context, name: string, otherwise: number): number {
  const given = Number(env[name] ?? '')
  return env[name] !== undefined && Number.isFinite(given) && given >= 0 ? given : otherwise
}

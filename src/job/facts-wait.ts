import type { Context } from './context.ts'

/** How long a record waits for accounting's last word: `WAYBILL_FACTS_WAIT` in seconds (default 10, 0: not at all). */
export function factsWait(context: Context): number {
  const given = Number(context.env['WAYBILL_FACTS_WAIT'] ?? '')
  return context.env['WAYBILL_FACTS_WAIT'] !== undefined && Number.isFinite(given) && given >= 0 ? given : 10
}

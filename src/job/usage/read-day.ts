import type { EpochSeconds } from '../../contract/ids.ts'

/**
 * Reads `2026-11-26`, its first or its last second, or `2026-11-26T12:00` with seconds and a zone if need be (else UTC);
 * null for anything else.
 */
export function readDay(text: string, edge: 'start' | 'end'): EpochSeconds | null {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text.trim())
  if (match === null) return null
  const [, day = '', time, zone = 'Z'] = match
  const clock = time ?? (edge === 'start' ? '00:00:00' : '23:59:59')
  const at = Date.parse(`${day}T${clock}${zone}`) / 1000
  return Number.isFinite(at) && isDay(day) ? at : null
}

/** February has a 30th for JavaScript, which takes it for one of March. */
function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`)
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(day)
}

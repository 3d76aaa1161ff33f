import type { EpochSeconds } from '../../contract/ids.ts'

/** Windows of time that follow one another, in UTC. */
export interface TimeWindows {
  readonly kind: 'time'
  readonly every: { readonly count: number; readonly unit: 'h' | 'd' | 'w' | 'm' }
  /** Where the first begins. */
  readonly start: EpochSeconds
  /** Where the last one ends at the latest; null: they go on. */
  readonly end: EpochSeconds | null
}

const seconds = { h: 3600, d: 86_400, w: 604_800 } as const

/** Reads `1h`, `6h`, `1d`, `1w`, `1m`; null for anything else. */
export function readEvery(text: string): TimeWindows['every'] | null {
  const match = /^([1-9]\d{0,3})([hdwm])$/.exec(text)
  return match === null ? null : { count: Number(match[1]), unit: match[2] as 'h' | 'd' | 'w' | 'm' }
}

/** Reads `2026-01`, `2026-01-01` or `2026-01-01T06` (UTC) where it is a time that exists; null for anything else. */
export function readInstant(text: string): EpochSeconds | null {
  const match = /^(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::00(?::00)?Z?)?)?)?$/.exec(text)
  if (match === null) return null
  const [, year, month, day = '01', hour = '00'] = match
  const time = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`)
  if (Number.isNaN(time) || new Date(time).getUTCDate() !== Number(day)) return null
  return time / 1000
}

/** Whether windows of this size can begin there: months at the first of one, days and weeks at midnight. */
export function canBegin({ unit }: TimeWindows['every'], start: EpochSeconds): boolean {
  if (unit === 'm' && new Date(start * 1000).getUTCDate() !== 1) return false
  return unit === 'h' || start % seconds.d === 0
}

/** How many windows have ended: the keys that there are at a time. */
export function windowCount(windows: TimeWindows, now: EpochSeconds): number {
  const last = windows.end === null ? now : Math.min(now, windows.end)
  if (last <= windows.start) return 0
  const { count, unit } = windows.every
  if (unit !== 'm') return Math.floor((last - windows.start) / (count * seconds[unit]))
  // The month that `last` lies in has not ended.
  return Math.floor((monthOf(last) - monthOf(windows.start)) / count)
}

/** The name of one window: `2026-01-01` for days and weeks, `2026-01` for months, `2026-01-01T06` for hours. */
export function windowKey(windows: TimeWindows, index: number): string {
  const text = new Date(windowStart(windows, index) * 1000).toISOString()
  return text.slice(0, { h: 13, d: 10, w: 10, m: 7 }[windows.every.unit])
}

/** The index of the window of that name, also of one that has not ended; null when none has it. */
export function windowIndex(windows: TimeWindows, key: string): number | null {
  const time = readInstant(key)
  if (time === null || time < windows.start) return null
  const { count, unit } = windows.every
  const index =
    unit === 'm'
      ? (monthOf(time) - monthOf(windows.start)) / count
      : (time - windows.start) / (count * seconds[unit])
  return Number.isInteger(index) && windowKey(windows, index) === key ? index : null
}

/** The index of the window that holds a time; null before the first. */
export function windowAt(windows: TimeWindows, time: EpochSeconds): number | null {
  return time < windows.start ? null : windowCount({ ...windows, end: null }, time)
}

/** Where one window begins; the next one's beginning is its end. */
export function windowStart({ start, every: { count, unit } }: TimeWindows, index: number): EpochSeconds {
  if (unit !== 'm') return start + index * count * seconds[unit]
  const month = monthOf(start) + index * count
  return Date.UTC(Math.floor(month / 12), month % 12, 1) / 1000
}

function monthOf(time: number): number {
  const date = new Date(time * 1000)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

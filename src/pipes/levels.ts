import type { LogLevel } from './event.ts'

const levels: ReadonlySet<string> = new Set<LogLevel>(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'])

/** A level of the protocol, in whatever case it is said; anything else is INFO. */
export function toLevel(said: unknown): LogLevel {
  const level = typeof said === 'string' ? said.toUpperCase() : ''
  return levels.has(level) ? (level as LogLevel) : 'INFO'
}

/** Whether that is how bad a failed check can be. */
export function isSeverity(said: unknown): said is 'WARN' | 'ERROR' {
  return said === 'WARN' || said === 'ERROR'
}

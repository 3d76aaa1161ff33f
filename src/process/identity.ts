import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ProcessIdentity } from '../contract/scheduler.ts'

/** Who the process `pid` of this host is now, or null when there is none (Linux: proc(5), field 22 of stat). */
export function identify(pid: number): ProcessIdentity | null {
  const start = startTime(pid)
  return start === null ? null : { host: hostname(), boot: bootId(), pid, start }
}

/** Whether that very process lives: `elsewhere` when only its own host could tell. */
export function liveness(who: ProcessIdentity): 'alive' | 'dead' | 'elsewhere' {
  if (who.host !== hostname()) return 'elsewhere'
  if (who.boot !== bootId()) return 'dead'
  return startTime(who.pid) === who.start ? 'alive' : 'dead'
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

function startTime(pid: number): string | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  // The command in parentheses may itself hold spaces and parentheses: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie is over in every sense that matters here.
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
}

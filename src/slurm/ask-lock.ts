import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { EpochSeconds } from '../contract/ids.ts'
import type { ProcessIdentity } from '../contract/scheduler.ts'
import { liveness } from '../process/identity.ts'

let drafts = 0

/**
 * Takes the lock of a question, a finished file that is linked into place, and gives the way to let go of it; null while
 * another holds it. One that died, or has held it beyond its own `until`, holds nobody up. Where no lock can be had (a
 * file system without links, a folder that is gone), each asks for itself.
 */
export function takeAskLock(
  path: string,
  self: ProcessIdentity,
  until: EpochSeconds,
  now: EpochSeconds,
): (() => void) | null {
  const mine = `${path}.${self.pid}-${(drafts += 1)}`
  const text = JSON.stringify({ ...self, until, nth: drafts })
  try {
    writeFileSync(mine, text, { mode: 0o600, flag: 'wx' })
    // Once more after an abandoned lock was taken away; whoever is quicker then, asks.
    if (link(mine, path) || (removeAbandoned(path, mine, now) && link(mine, path)))
      return () => {
        if (read(path) === text) rmSync(path, { force: true })
      }
    return null
  } catch {
    return () => {}
  } finally {
    rmSync(mine, { force: true })
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function removeAbandoned(path: string, mine: string, now: EpochSeconds): boolean {
  const text = read(path)
  if (text === null) return true
  if (isHeld(text, now)) return false
  const aside = `${mine}.old`
  try {
    renameSync(path, aside)
    // Another may have been here before us, and what we took away is a lock that somebody has just made.
    if (read(aside) !== text) linkSync(aside, path)
  } catch {
    // Another has taken it away.
  } finally {
    rmSync(aside, { force: true })
  }
  return true
}

function isHeld(text: string, now: EpochSeconds): boolean {
  try {
    const { host, boot, pid, start, until } = JSON.parse(text) as ProcessIdentity & { readonly until: number }
    return now < until && liveness({ host, boot, pid, start }) !== 'dead'
  } catch {
    return false
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import type { Dataset } from './locate.ts'

/** How to wait for a lock that another holds. */
export interface Patience {
  readonly sleep: (seconds: number) => Promise<void>
  readonly now: () => number
  /** Give up after so many seconds. */
  readonly seconds: number
}

/** git's own lock of the index: whoever holds it is alone with the index, and with HEAD as far as git's commands go. */
export function lockPath(dataset: Dataset): string {
  return `${dataset.indexPath}.lock`
}

/**
 * Takes git's lock of the index in the name of an operation: its content says whose it is, from the first moment on (a
 * finished file is linked into place). Waits for another holder, then fails with the lock's path and age.
 */
export async function takeLock(
  dataset: Dataset,
  operation: string,
  patience: Patience,
): Promise<Fallible<null, DatasetFailure>> {
  const draft = join(dataset.gitDir, `waybill-${operation}.lock`)
  const started = patience.now()
  try {
    writeFileSync(draft, lockText(operation))
    for (let pause = 0.01; ; pause = Math.min(pause * 2, 0.5)) {
      if (tryLock(draft, lockPath(dataset), lockText(operation))) return ok(null)
      if (patience.now() - started >= patience.seconds) return fail(locked(dataset, patience.now()))
      await patience.sleep(pause)
    }
  } catch (error) {
    return fail(fromSystem('index.lock', error))
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Whether the lock is there, and is this operation's. */
export function holdsLock(dataset: Dataset, operation: string): boolean {
  try {
    return readFileSync(lockPath(dataset), 'utf8') === lockText(operation)
  } catch {
    return false
  }
}

/** Lets go of the lock if it is this operation's; leaves anybody else's. */
export function dropLock(dataset: Dataset, operation: string): void {
  if (holdsLock(dataset, operation)) unlinkSync(lockPath(dataset))
  rmSync(join(dataset.gitDir, `waybill-${operation}.lock`), { force: true })
}

function lockText(operation: string): string {
  return `waybill ${operation}\n`
}

function tryLock(draft: string, lock: string, text: string): boolean {
  try {
    linkSync(draft, lock)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // File systems without hard links (FAT, some network ones): then the name first, the content a moment later.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EMLINK' && code !== 'ENOSYS') throw error
  }
  try {
    const file = openSync(lock, 'wx')
    writeSync(file, text)
    closeSync(file)
    return true
  } catch (error) {
    if (existsSync(lock)) return false
    throw error
  }
}

function locked(dataset: Dataset, now: number): DatasetFailure {
  const lock = lockPath(dataset)
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  return { kind: 'index-locked', lock, ageSeconds: made === undefined ? 0 : Math.max(0, now - made / 1000) }
}

import { watch, type FSWatcher } from 'node:fs'
import type { EpochSeconds } from '../../contract/ids.ts'
import { endsFolder, type Context, type Job } from '../../job/context.ts'
import { namesIn } from '../../launcher/markers.ts'

/** How long a wait may outlive what woke it. Seconds. */
const slice = 0.1

/**
 * Wakes a wait when jobs leave markers at their end: whoever waits looks at once instead of at its next time. Where no watch is to be had,
 * or another machine writes, nothing wakes, and the next look comes all the same.
 */
export class Wakes {
  readonly #watchers = new Map<number, FSWatcher>()
  #awake = false
  #wake: () => void = () => {}
  /** When a marker woke last, of a job whose end is not known yet; 0: none did. */
  last: EpochSeconds = 0

  /** Watches the markers of these jobs and of no others. */
  watch(context: Context, jobs: readonly Job[]): void {
    const ids = new Set<number>(jobs.map(({ id }) => id))
    for (const [id, watcher] of this.#watchers) {
      if (ids.has(id)) continue
      watcher.close()
      this.#watchers.delete(id)
    }
    for (const job of jobs) {
      if (this.#watchers.has(job.id)) continue
      try {
        const folder = endsFolder(context, job)
        const watcher = watch(folder, { persistent: false }, (_, name) => {
          if (name?.endsWith('.end') !== true) return
          this.#awake = true
          this.#wake()
        })
        watcher.on('error', () => watcher.close())
        this.#watchers.set(job.id, watcher)
        // It may have left one before it was watched.
        this.#awake ||= namesIn(folder).some((name) => name.endsWith('.end'))
      } catch {
        // No watch to be had, or no such folder: looking is enough.
      }
    }
  }

  /** Waits so many seconds, until a marker is there, or until `asked` says that somebody wants something. */
  async wait(context: Context, seconds: number, asked: () => boolean): Promise<void> {
    const until = context.now() + seconds
    for (let left = seconds; left > 0 && !this.#awake; left = until - context.now()) {
      if (asked()) return
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      await Promise.race([context.sleep(Math.min(left, slice)), woken.promise])
    }
    if (this.#awake) this.last = context.now()
    this.#awake = false
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }
}

import { closeSync, fstatSync, openSync, watch, type FSWatcher } from 'node:fs'
import { parseIndices } from '../../contract/index-set.ts'
import type { EpochSeconds } from '../../contract/ids.ts'
import { endsOf, payloadFolder, type Context, type Job } from '../../job/context.ts'
import { listen, type Heard } from '../../job/listen.ts'
import { messagesFolder } from '../../launcher/folder.ts'
import { isGone, namesIn } from '../../launcher/markers.ts'

/** How long a wait may outlive what woke it. Seconds. */
const slice = 0.1

/** Seconds between looks at the folders of running jobs, and how many times as long as it took a look rests at least. */
const glance = { rest: 2, share: 50 } as const

/** Of so many tasks messages are heard while they run; of all others at their end. */
const mostHeard = 256

/** A job that is waited for, and what was seen of it. */
interface Watched {
  readonly job: Job
  readonly folder: string
  readonly watchers: readonly FSWatcher[]
  /** When its folder of markers last changed, whether that was so at the last look as well, and how many ends were there. */
  changed: number | null
  settled: boolean
  ends: number
  /** Tasks that have left no marker of their end yet. */
  readonly left: Set<number>
  /** Its messages are heard while it runs. */
  readonly hears: boolean
  /** Tasks whose messages have grown, by their names. */
  readonly grown: Set<string>
}

/**
 * Wakes a wait when jobs leave markers at their end, an array when all its tasks have left theirs: many short ones are not
 * each worth a look. Hears what their payloads say meanwhile. inotify(7) tells at once what
 * this host writes; of what another one wrote on a network file system it says nothing, so the folders are looked at as well.
 */
export class Wakes {
  readonly #context: Context
  readonly #watched = new Map<number, Watched>()
  readonly #heard: Heard = new Map()
  #awake = false
  #wake: () => void = () => {}
  #nextGlance = 0
  /** When a marker woke last, of a job whose end is not known yet; 0: none did. */
  last: EpochSeconds = 0
  /** How many tasks are watched. */
  #tasks = 0

  constructor(context: Context) {
    this.#context = context
  }

  /** Watches these jobs and no others. */
  watch(jobs: readonly Job[]): void {
    const ids = new Set<number>(jobs.map(({ id }) => id))
    for (const [id, { watchers, job }] of this.#watched) {
      if (ids.has(id)) continue
      this.#tasks -= tasksOf(job).length
      for (const watcher of watchers) watcher.close()
      this.#watched.delete(id)
    }
    for (const job of jobs) if (!this.#watched.has(job.id)) this.#begin(job)
  }

  /**
   * Waits so many seconds, until a marker is there, or until `asked` says that somebody wants something; tells whether one
   * of both was. `said` is called when payloads have said something.
   */
  async wait(seconds: number, asked: () => boolean, said: () => void): Promise<boolean> {
    const { now, sleep } = this.#context
    const until = now() + seconds
    for (let left = seconds; left > 0 && !this.#awake; left = until - now()) {
      if (asked()) return true
      if (now() >= this.#nextGlance) this.#glance()
      if (this.#hear()) said()
      if (this.#awake) break
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      await Promise.race([sleep(Math.min(left, slice)), woken.promise])
    }
    const awake = this.#awake
    if (awake) this.last = now()
    this.#awake = false
    return awake
  }

  close(): void {
    this.watch([])
  }

  #begin(job: Job): void {
    const folder = payloadFolder(this.#context, job.token)
    const grown = new Set<string>()
    const left = new Set(tasksOf(job))
    this.#tasks += left.size
    const hears = this.#tasks <= mostHeard
    const ends = endsOf(this.#context, job)
    const markers = tryWatch(ends.folder, (name) => {
      const task = ends.taskOf(name)
      if (task !== null) left.delete(task)
      if (task === null || left.size > 0) return
      this.#awake = true
      this.#wake()
    })
    const messages = hears ? tryWatch(messagesFolder(folder), (name) => grown.add(name)) : null
    const watchers = [markers, messages].filter((one) => one !== null)
    const watched = { job, folder, watchers, changed: null, settled: false, ends: 0, left, hears, grown }
    this.#watched.set(job.id, watched)
    // It may have left one, and said something, before it was watched.
    this.#look(watched)
  }

  /** Looks at all folders, and rests for the longer the longer that took. */
  #glance(): void {
    const began = performance.now()
    for (const watched of this.#watched.values()) this.#look(watched)
    const took = (performance.now() - began) / 1000
    this.#nextGlance = this.#context.now() + Math.max(glance.rest, glance.share * took)
  }

  #look(watched: Watched): void {
    const { job, folder, grown, hears, left } = watched
    const { folder: markers, taskOf } = endsOf(this.#context, job)
    const changed = changeTime(markers)
    // What came within the same tick of the file system's clock shows at the look after the next.
    if (changed !== null && !(changed === watched.changed && watched.settled)) {
      const ends = namesIn(markers).flatMap((name) => taskOf(name) ?? [])
      for (const task of ends) left.delete(task)
      this.#awake ||= ends.length > watched.ends && left.size === 0
      watched.ends = ends.length
    }
    watched.settled = changed === watched.changed
    watched.changed = changed
    if (hears) for (const name of namesIn(messagesFolder(folder))) grown.add(name)
  }

  #hear(): boolean {
    let said = false
    for (const { job, grown } of this.#watched.values()) {
      const names = [...grown]
      grown.clear()
      for (const name of names) {
        if (!/^\d+$/.test(name) || !listen(this.#context, job, Number(name), this.#heard)) continue
        said = true
        grown.add(name)
      }
    }
    return said
  }
}

function tasksOf({ spec: { parts } }: Job): readonly number[] {
  return parts.kind === 'array' ? parseIndices(parts.indices) : [0]
}

// No watch is to be had on some file systems, or when a limit of the machine's is reached: looking is enough.
function tryWatch(path: string, tell: (name: string) => void): FSWatcher | null {
  try {
    const watcher = watch(path, { persistent: false }, (_, name) => {
      if (name !== null) tell(name)
    })
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}

/** When a folder last changed. It is opened for this: then NFS asks its server. */
function changeTime(path: string): number | null {
  try {
    const folder = openSync(path, 'r')
    try {
      return fstatSync(folder).mtimeMs
    } finally {
      closeSync(folder)
    }
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

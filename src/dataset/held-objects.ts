import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Dataset } from './locate.ts'
import { readHead, type ObjectHead, type StoredObject } from './object-head.ts'

/**
 * git processes that tell of objects as long as a command asks again and again: to start one for each question takes several
 * times as long as the answer. They see what was stored since they began. Names are object ids or anything git resolves
 * (`HEAD:path`); null for one that is not there. A root is asked for as `HEAD:`, since git keeps in memory each commit whose
 * `^{tree}` it was asked for. The whole answer is null where a process has fallen, none is held any more, or a name is not one
 * line: it would be taken for another name, and all later answers for those of other questions.
 */
export interface HeldObjects {
  readonly read: (names: readonly string[]) => Promise<readonly (StoredObject | null)[] | null>
  readonly look: (names: readonly string[]) => Promise<readonly (ObjectHead | null)[] | null>
  readonly close: () => void
}

/** A process that nobody asks for so many seconds ends: as long as it lives, packs that git has replaced keep their place on disk. */
const rests = 30

/** A name that ends in a carriage return loses it: git takes that for a part of the line's end. */
const notOneLine = /\n|\r$/

/** Starts a process with the first question that needs it. Whoever holds them closes them: then nothing is started any more. */
export function holdObjects({ root, env }: Pick<Dataset, 'root' | 'env'>): HeldObjects {
  const readers = new Map<string, Asker<StoredObject> | Asker<ObjectHead>>()
  let closed = false
  const held = <T extends StoredObject | ObjectHead>(option: string, take: Take<T>): Asker<T> => {
    const known = readers.get(option) as Asker<T> | undefined
    const asker = known === undefined || known.fallen() ? startAsker(option, { root, env }, take) : known
    readers.set(option, asker as Asker<StoredObject> | Asker<ObjectHead>)
    return asker
  }
  const canAsk = (names: readonly string[]): boolean =>
    !closed && !names.some((name) => notOneLine.test(name))
  return {
    read: async (names) => (canAsk(names) ? held('--batch', takeObject).ask(names) : null),
    look: async (names) => (canAsk(names) ? held('--batch-check', takeHead).ask(names) : null),
    close: () => {
      closed = true
      for (const reader of readers.values()) reader.close()
      readers.clear()
    },
  }
}

/** Works with a dataset whose objects are told of by processes that are held all the while. */
export async function withHeldObjects<T>(
  dataset: Dataset,
  work: (dataset: Dataset) => Promise<T>,
): Promise<T> {
  const objects = holdObjects(dataset)
  try {
    return await work({ ...dataset, objects })
  } finally {
    objects.close()
  }
}

interface Asker<T> {
  readonly ask: (names: readonly string[]) => Promise<readonly (T | null)[] | null>
  readonly fallen: () => boolean
  readonly close: () => void
}

/** Takes one answer from the front of what has come; absent: not all of it has. */
type Take<T> = (from: Incoming) => { readonly answer: T | null } | undefined

interface Question<T> {
  readonly answers: (T | null)[]
  readonly count: number
  readonly resolve: (answers: readonly (T | null)[] | null) => void
}

function startAsker<T>(
  option: string,
  { root, env }: Pick<Dataset, 'root' | 'env'>,
  take: Take<T>,
): Asker<T> {
  const open: Question<T>[] = []
  const incoming = new Incoming()
  let fallen = false
  // In a session of its own: a Ctrl-C at the terminal is ours to heed.
  const child = spawn('git', ['cat-file', option], {
    cwd: root,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  }) as ChildProcess & { readonly stdin: Writable; readonly stdout: Readable }
  const fall = (): void => {
    fallen = true
    for (const { resolve } of open.splice(0)) resolve(null)
  }
  child.on('error', fall)
  child.on('close', fall)
  const close = (): void => {
    fallen = true
    child.stdin.end()
  }
  const resting = setTimeout(close, rests * 1000).unref()
  // A process that is gone shows by its end.
  child.stdin.on('error', () => {})
  child.stdout.on('data', (chunk: Buffer) => {
    incoming.add(chunk)
    for (let [first] = open; first !== undefined; [first] = open) {
      const taken = take(incoming)
      if (taken === undefined) return
      first.answers.push(taken.answer)
      if (first.answers.length === first.count) open.shift()?.resolve(first.answers)
    }
  })
  return {
    ask: async (names) => {
      if (fallen) return null
      if (names.length === 0) return []
      resting.refresh()
      const { promise, resolve } = Promise.withResolvers<readonly (T | null)[] | null>()
      open.push({ answers: [], count: names.length, resolve })
      child.stdin.write(names.map((name) => `${name}\n`).join(''))
      return promise
    },
    fallen: () => fallen,
    close,
  }
}

/** What has come of an output and was not taken yet. */
class Incoming {
  #chunks: Buffer[] = []
  #size = 0

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  /** The length of the first line without its end; absent: it has not come whole. */
  line(): number | undefined {
    let before = 0
    for (const chunk of this.#chunks) {
      const end = chunk.indexOf(10)
      if (end >= 0) return before + end
      before += chunk.length
    }
    return undefined
  }

  has(size: number): boolean {
    return this.#size >= size
  }

  /** The first bytes, which stay. */
  peek(size: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= size) return first.subarray(0, size)
    this.#chunks = [Buffer.concat(this.#chunks, this.#size)]
    return this.#chunks[0]?.subarray(0, size) ?? Buffer.alloc(0)
  }

  drop(size: number): void {
    let left = size
    this.#size -= size
    while (left > 0) {
      const [first] = this.#chunks
      if (first === undefined) return
      if (first.length > left) {
        this.#chunks[0] = first.subarray(left)
        return
      }
      this.#chunks.shift()
      left -= first.length
    }
  }
}

const takeHead: Take<ObjectHead> = (from) => {
  const end = from.line()
  if (end === undefined) return undefined
  const answer = readHead(from.peek(end).toString('utf8'))
  from.drop(end + 1)
  return { answer }
}

/** The content follows its head, and a newline ends it. */
const takeObject: Take<StoredObject> = (from) => {
  const end = from.line()
  if (end === undefined) return undefined
  const head = readHead(from.peek(end).toString('utf8'))
  const all = end + 1 + (head === null ? 0 : head.size + 1)
  if (!from.has(all)) return undefined
  const content = head === null ? null : Buffer.from(from.peek(all).subarray(end + 1, all - 1))
  from.drop(all)
  return { answer: head === null || content === null ? null : { oid: head.oid, type: head.type, content } }
}

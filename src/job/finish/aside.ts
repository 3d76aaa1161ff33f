import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Gives bytes back that were put aside. */
export type Kept = () => Buffer

/** Keeps what is needed again later: a little in memory, and all else in a file. */
export interface Aside {
  readonly keep: (bytes: Buffer) => Kept
  /** Lets go of all of it. */
  readonly close: () => void
}

/** So many bytes stay in memory: a thousand records. */
const inMemory = 4 * 1024 * 1024

/** The file at `path` loses its name as soon as it is open: what a killed process had put aside is gone with it. */
export function makeAside(path: string): Aside {
  let room = inMemory
  let file: number | null = null
  let end = 0
  const open = (): number => {
    mkdirSync(dirname(path), { recursive: true })
    const opened = openSync(path, 'wx+', 0o600)
    rmSync(path)
    return opened
  }
  return {
    keep: (bytes) => {
      room -= bytes.length
      if (room >= 0) return () => bytes
      try {
        file ??= open()
        return keepIn(file, bytes, (end += bytes.length) - bytes.length)
      } catch (error) {
        // The system's refusals have a code. A full disk is told by git, which writes there next.
        if (!(error instanceof Error) || !('code' in error)) throw error
        return () => bytes
      }
    },
    close: () => {
      if (file !== null) closeSync(file)
      file = null
    },
  }
}

function keepIn(file: number, bytes: Buffer, at: number): Kept {
  const { length } = bytes
  for (let done = 0; done < length;) done += writeSync(file, bytes, done, length - done, at + done)
  return () => {
    const back = Buffer.allocUnsafe(length)
    if (readSync(file, back, 0, length, at) < length) throw new Error('what was put aside is not whole')
    return back
  }
}

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { newHash } from '../contract/new-hash.ts'
import type { PipesEvent } from './event.ts'
import { LineCutter, type Cut, type Line } from './line-cutter.ts'
import { parseLine, shownOfBadLine } from './parse-line.ts'

/**
 * How far a file of messages is read; kept with what it said, in one transaction. `before` is a digest of the bytes that
 * stand before `offset`: a file that was cut off or replaced is told by it, whatever became of its size or inode.
 */
export interface Position extends Cut {
  readonly before: string
}

/** What a stretch of the file said, and how far it is read then: to be kept together, or not at all. */
export interface Batch {
  readonly events: readonly PipesEvent[]
  readonly position: Position
}

/** How much is read at once: with a line that is held back, all that is ever in memory. */
const stretch = 1024 * 1024

/** So many bytes tell whether the file is still the one that was read. */
const fingerprint = 256

/**
 * Reads what was appended to a file since `from` (null: nothing was read), stretch by stretch; a file that is not there
 * has said nothing. A line without its newline waits until `ended`, when nobody writes any more. Where what was read does
 * not stand there now, it begins anew with `restarted`. Opening the file anew is what makes NFS ask its server; read once
 * more after the job has ended. Throws when the file is there and cannot be read.
 */
export function* readMessages(path: string, from: Position | null, ended: boolean): Generator<Batch, void> {
  const file = openIfThere(path)
  if (file === null) return
  try {
    const isSame = from === null || digestBefore(file, from.offset) === from.before
    const cutter = new LineCutter(isSame && from !== null ? from : { offset: 0, skipping: false })
    if (!isSame) yield { events: [{ kind: 'restarted', offset: 0 }], position: positionOf(file, cutter) }
    let place = cutter.cut.offset
    const buffer = Buffer.allocUnsafe(Math.min(stretch, Math.max(fstatSync(file).size - place, 0) + 1))
    for (;;) {
      const count = readSync(file, buffer, 0, buffer.length, place)
      place += count
      const before = cutter.cut
      const lines = count === 0 ? (ended ? cutter.end() : []) : cutter.push(buffer.subarray(0, count))
      const { offset, skipping } = cutter.cut
      if (offset !== before.offset || skipping !== before.skipping) {
        yield { events: lines.flatMap((line) => toEvent(line) ?? []), position: positionOf(file, cutter) }
      }
      if (count === 0) return
    }
  } finally {
    closeSync(file)
  }
}

function toEvent({ bytes, offset, tooLong }: Line): PipesEvent | null {
  if (!tooLong) return parseLine(bytes, offset)
  const text = bytes.subarray(0, 4 * shownOfBadLine).toString('utf8')
  return { kind: 'bad-line', why: 'too-long', text: text.slice(0, shownOfBadLine).toWellFormed(), offset }
}

function positionOf(file: number, { cut }: LineCutter): Position {
  return { offset: cut.offset, skipping: cut.skipping, before: digestBefore(file, cut.offset) }
}

function digestBefore(file: number, offset: number): string {
  const bytes = Buffer.alloc(Math.min(fingerprint, offset))
  let got = 0
  while (got < bytes.length) {
    const count = readSync(file, bytes, got, bytes.length - got, offset - bytes.length + got)
    // Shorter than it was: no digest of what was read.
    if (count === 0) return ''
    got += count
  }
  return newHash('sha256').update(bytes).digest('hex').slice(0, 16)
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null
    throw error
  }
}

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** How much of a log is in memory at once. Bytes. */
const pieceBytes = 65_536

/** Copies what stands in the file from an offset on, and gives the new offset; null when there is no file (yet). */
export function copyFrom(path: string, offset: number, out: (text: Buffer) => boolean): number | null {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
  try {
    // A requeued job's log starts again.
    let at = fstatSync(file).size < offset ? 0 : offset
    const piece = Buffer.alloc(pieceBytes)
    for (;;) {
      const read = readSync(file, piece, 0, pieceBytes, at)
      if (read === 0) return at
      at += read
      if (!out(Buffer.from(piece.subarray(0, read)))) return at
    }
  } finally {
    closeSync(file)
  }
}

import { constants, lstatSync, rmSync, statSync } from 'node:fs'
import { copyFile, open } from 'node:fs/promises'

/** Tells whether a file is still what it was, on whichever host it is looked at: device numbers are not the same on all. Numbers as decimal text. */
export interface Stamp {
  readonly ino: string
  readonly size: string
  readonly mtimeNs: string
  readonly ctimeNs: string
}

/** The stamp of what stands at a path (`follow`: of what a link leads to), or null when nothing does. */
export function stamp(path: string, how: 'itself' | 'follow' = 'itself'): Stamp | null {
  const look = how === 'follow' ? statSync : lstatSync
  const stat = look(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined) return null
  return {
    ino: `${stat.ino}`,
    size: `${stat.size}`,
    mtimeNs: `${stat.mtimeNs}`,
    ctimeNs: `${stat.ctimeNs}`,
  }
}

/** Whether two stamps are of the same content in the same place; a rename or a change of mode between them does not count. */
export function sameContent(a: Stamp | null, b: Stamp | null): boolean {
  return a !== null && b !== null && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs
}

/**
 * Copies a file, or what a link leads to, to a path where nothing is, with its mode and by sharing blocks where the file
 * system can. The stamp of what was copied, or `changed` when somebody wrote to it meanwhile: then nothing is left.
 * @throws the system's error; then, too, nothing is left.
 */
export async function copyWhole(source: string, target: string): Promise<Stamp | 'changed'> {
  const before = stamp(source, 'follow')
  try {
    await copyFile(source, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    const after = stamp(source, 'follow')
    const whole = String(lstatSync(target).size) === before?.size
    if (before !== null && whole && sameContent(before, after) && before.ctimeNs === after?.ctimeNs)
      return before
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(target, { force: true })
    throw error
  }
  rmSync(target, { force: true })
  return 'changed'
}

/** How much of each file is in memory while two are compared. Bytes. */
const pieceBytes = 1 << 20

/** Whether two files hold the same bytes. @throws the system's error when one cannot be read. */
export async function sameBytes(a: string, b: string): Promise<boolean> {
  await using left = await open(a)
  await using right = await open(b)
  const pieces = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)] as const
  for (let at = 0; ;) {
    const [one, two] = await Promise.all([
      left.read(pieces[0], 0, pieceBytes, at),
      right.read(pieces[1], 0, pieceBytes, at),
    ])
    const length = Math.min(one.bytesRead, two.bytesRead)
    if (length === 0) return one.bytesRead === two.bytesRead
    if (!pieces[0].subarray(0, length).equals(pieces[1].subarray(0, length))) return false
    at += length
  }
}

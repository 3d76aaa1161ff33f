import { closeSync, openSync, readlinkSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { keyOfLink, keyOfPointer, maxPointerSize } from './annex-key.ts'
import { fileStatus } from './file-status.ts'
import type { Dataset } from './locate.ts'

/** What the work tree itself tells of a file's annexed content; no process is asked. */
export interface AnnexedFile {
  readonly path: string
  readonly key: string
  /** `locked`: a symlink to the content. `pointer`: unlocked, and the content is not here. */
  readonly form: 'locked' | 'pointer'
  /** Absolute path of the content where `form` is locked and it is here, else null. */
  readonly object: string | null
  /** The symlink's text; null for a pointer. */
  readonly target: string | null
}

/**
 * Tells an annexed file by its symlink or pointer; null for anything else, also for an unlocked file whose content is
 * here (only the index knows that one).
 */
export function readAnnexedFile(dataset: Dataset, path: string): AnnexedFile | null {
  if (dataset.annex === null) return null
  const absolute = join(dataset.root, path)
  const stat = fileStatus(absolute)
  if (stat?.isSymbolicLink()) {
    const target = readlinkSync(absolute)
    const key = keyOfLink(target)
    if (key === null) return null
    const here = statSync(absolute, { throwIfNoEntry: false })?.isFile() ?? false
    return { path, key, form: 'locked', object: here ? absolute : null, target }
  }
  if (!stat?.isFile() || stat.size > maxPointerSize || stat.size < 16) return null
  const key = keyOfPointer(readHead(absolute, stat.size))
  return key === null ? null : { path, key, form: 'pointer', object: null, target: null }
}

function readHead(file: string, size: number): Buffer {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const head = Buffer.alloc(Math.min(size, 1024))
      return head.subarray(0, readSync(descriptor, head))
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return Buffer.alloc(0)
  }
}

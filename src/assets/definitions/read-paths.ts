import { isAbsolute, posix } from 'node:path'
import type { Report } from './local-report.ts'
import type { ValuePath } from './problem.ts'
import { parseTemplate, type Template } from './template.ts'

/** Where paths start and end. */
export interface PathPlace {
  /** The dataset's root, absolute. */
  readonly root: string
  /** The folder of the definitions relative to it; empty at the root. */
  readonly prefix: string
}

/**
 * A path as written, relative to the folder of the definitions, in its form relative to the dataset's root. Null where it
 * leaves the dataset or lies in `.git`, which was reported. Links are not followed: jobs look at them when they are made.
 */
export function readPath(
  written: Template,
  place: PathPlace,
  path: ValuePath,
  report: Report,
): Template | null {
  const { text } = written
  if (text.trim() === '') {
    report({ kind: 'empty-value' }, path)
    return null
  }
  const absolute = isAbsolute(text) ? posix.normalize(text) : posix.join(place.root, place.prefix, text)
  const relative = posix.relative(place.root, absolute)
  if (relative === '..' || relative.startsWith('../')) {
    report({ kind: 'path-leaves', written: text }, path)
    return null
  }
  // Also of the folder of the definitions: git is asked for paths line by line.
  if (/[\n\r\0]/.test(relative)) {
    report({ kind: 'forbidden-character' }, path)
    return null
  }
  if (relative.split('/').some((segment) => segment.toLowerCase() === '.git')) {
    report({ kind: 'path-in-git', written: text }, path)
    return null
  }
  return parseTemplate(relative === '' ? '.' : relative)
}

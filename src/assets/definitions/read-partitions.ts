import type { Report } from './local-report.ts'
import type { ListedKeys, Partitions } from './key-space.ts'
import type { ProblemFacts, ValuePath } from './problem.ts'
import { dimensionName } from './template.ts'
import { canBegin, readEvery, readInstant, type TimeWindows } from './time-window.ts'
import type { WrittenDimension } from './written.ts'

/** More keys than this are a mistake: a job each could never be run. */
const mostKeys = 1_000_000

/** Reads the dimensions of an asset; null where something is wrong, which was reported. */
export function readPartitions(
  written: Readonly<Record<string, WrittenDimension>>,
  path: ValuePath,
  report: Report,
): Partitions | null {
  const partitions = new Map<string, ListedKeys | TimeWindows>()
  let whole = true
  for (const [name, dimension] of Object.entries(written)) {
    if (!dimensionName.test(name)) {
      report({ kind: 'bad-dimension', name }, [...path, name], 'key')
      whole = false
    }
    const keys = isList(dimension)
      ? readList(dimension, [...path, name], report)
      : readWindows(dimension, [...path, name], report)
    if (keys === null) whole = false
    else partitions.set(name, keys)
  }
  if (Object.keys(written).length === 0) {
    report({ kind: 'empty-value' }, path)
    return null
  }
  const count = [...partitions.values()].reduce(
    (product, keys) => product * (keys.kind === 'list' ? keys.keys.length : 1),
    1,
  )
  if (count > mostKeys) {
    report({ kind: 'too-many-keys', count, limit: mostKeys }, path)
    return null
  }
  return whole ? partitions : null
}

function readList(written: readonly (string | number)[], path: ValuePath, report: Report): ListedKeys | null {
  const indexOf = new Map<string, number>()
  let whole = true
  for (const [i, value] of written.entries()) {
    const key = String(value)
    const why = indexOf.has(key) ? 'twice' : badKey(key)
    if (why === null) indexOf.set(key, indexOf.size)
    else {
      report({ kind: 'bad-key', key, why }, [...path, i])
      whole = false
    }
  }
  return whole ? { kind: 'list', keys: [...indexOf.keys()], indexOf } : null
}

/** What a key may not hold: it is a segment of a path, an item of a list, an end of a range, and part of a key of several. */
function badKey(key: string): Extract<ProblemFacts, { kind: 'bad-key' }>['why'] | null {
  if (key === '' || key !== key.trim()) return 'blank'
  if (/[|/,{}\u0000-\u001f\u007f]/.test(key)) return 'characters'
  return key.startsWith('.') || key.includes('..') ? 'dots' : null
}

function readWindows(
  { start, end, every }: Exclude<WrittenDimension, readonly unknown[]>,
  path: ValuePath,
  report: Report,
): TimeWindows | null {
  const size = readEvery(every)
  const begin = readInstant(start)
  const last = end === undefined ? null : readInstant(end)
  if (size === null) report({ kind: 'bad-every', text: every }, [...path, 'every'])
  if (begin === null) report({ kind: 'bad-instant', text: start }, [...path, 'start'])
  if (end !== undefined && last === null) report({ kind: 'bad-instant', text: end }, [...path, 'end'])
  if (size === null || begin === null || (end !== undefined && last === null)) return null
  if (!canBegin(size, begin)) {
    report({ kind: 'bad-window-start', text: start, every }, [...path, 'start'])
    return null
  }
  if (last !== null && last <= begin) {
    report({ kind: 'window-backwards', start, end: end ?? '' }, [...path, 'end'])
    return null
  }
  return { kind: 'time', every: size, start: begin, end: last }
}

/** `Array.isArray` does not tell apart what may only be read. */
function isList(dimension: WrittenDimension): dimension is readonly (string | number)[] {
  return Array.isArray(dimension)
}

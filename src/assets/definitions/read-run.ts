import type { Partitions } from './key-space.ts'
import type { Report } from './local-report.ts'
import { nearest } from '../../contract/nearest.ts'
import type { ValuePath } from './problem.ts'
import { shellSafe, type RunSpec } from './run-spec.ts'
import { dimensionsOf, parseTemplate, type Template } from './template.ts'
import type { WrittenRun } from './written.ts'

/** Reads texts whose placeholders are the dimensions of one asset; unknown ones are reported. */
export function templateReader(
  dimensions: readonly string[],
  report: Report,
): (text: string, path: ValuePath) => Template {
  return (text, path) => {
    if (text.includes('\0')) report({ kind: 'forbidden-character' }, path)
    const template = parseTemplate(text)
    for (const name of dimensionsOf(template)) {
      if (dimensions.includes(name)) continue
      report(
        { kind: 'unknown-placeholder', name, nearest: nearest(name, dimensions), known: dimensions },
        path,
      )
    }
    return template
  }
}

/** Reads how something is run; null where that cannot be told, which was reported. */
export function readRun(
  written: WrittenRun,
  path: ValuePath,
  report: Report,
  template: (text: string, path: ValuePath) => Template,
  partitions: Partitions | null,
): RunSpec | null {
  if (typeof written === 'string') {
    if (written.trim() === '') report({ kind: 'empty-value' }, path)
    const line = template(written, path)
    reportUnsafeKeys(line, path, report, partitions)
    return { kind: 'shell', line }
  }
  const ways = (['bash', 'python', 'exec'] as const).filter((way) => written[way] !== undefined)
  const [way] = ways
  if (way === undefined || ways.length > 1) {
    report({ kind: 'exactly-one', of: ['bash', 'python', 'exec'], found: ways }, path)
    return null
  }
  const args = (written.args ?? []).map((word, i) => template(String(word), [...path, 'args', i]))
  if (way === 'exec') {
    const words = (written.exec ?? []).map((word, i) => template(word, [...path, 'exec', i]))
    if (written.exec?.[0]?.trim() === '') report({ kind: 'empty-value' }, [...path, 'exec', 0])
    return { kind: 'exec', words: [...words, ...args] }
  }
  const file = written[way] ?? ''
  if (file.trim() === '') report({ kind: 'empty-value' }, [...path, way])
  if (/[\n\0]/.test(file)) report({ kind: 'forbidden-character' }, [...path, way])
  return { kind: way, file, args }
}

/** Text is put into shell code only where it means itself: names of windows always do. */
function reportUnsafeKeys(
  line: Template,
  path: ValuePath,
  report: Report,
  partitions: Partitions | null,
): void {
  for (const dimension of dimensionsOf(line)) {
    const keys = partitions?.get(dimension)
    const unsafe = keys?.kind === 'list' ? keys.keys.find((key) => !shellSafe(key)) : undefined
    if (unsafe !== undefined) report({ kind: 'key-not-shell-safe', dimension, key: unsafe }, path)
  }
}

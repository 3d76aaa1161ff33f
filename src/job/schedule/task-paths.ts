import { posix } from 'node:path'
import { covers } from '../../ledger/covers.ts'
import type { RunRecord } from '../../provenance/record.ts'

/**
 * Paths with `{task}` in them, which stands for an index of an array: `out/{task}.csv`, or `out/{task:03}.csv` where the
 * names are padded with zeros. Else they are written as declared outputs are: `{{` and `}}` are braces, wildcards allowed.
 */

/** Up to so many paths of tasks are reserved and recorded one by one; of more, the index becomes `*`. */
const listed = 100

const pieces = /\{\{|\}\}|\{task(?::0(\d{1,2})d?)?\}/g

/** What stands for `{task}` while the rest of a path is filled and normalised: nothing that a path may be looked at for. */
export const markOf = (width: string): string => `\u0001${width}\u0002`

/** The placeholders for the index in a text, each with a mark that `fromMarked` turns back; none in most texts. */
export function taskMarks(texts: readonly string[]): Readonly<Record<string, string>> {
  const found = texts.flatMap((text) => [...text.matchAll(pieces)])
  return Object.fromEntries(
    found
      .filter(([whole]) => whole.startsWith('{task'))
      .map(([whole, width]) => [whole.slice(1, -1), markOf(width ?? '')]),
  )
}

/** A path with `{task}` in it from one in which the marks stand; null when there is none. */
export function fromMarked(path: string): string | null {
  if (!path.includes('\u0001')) return null
  return path
    .replaceAll(/[{}]/g, '$&$&')
    .replaceAll(/\u0001(\d*)\u0002/g, (_, width: string) => (width === '' ? '{task}' : `{task:0${width}}`))
}

/** Whether a text as the user wrote it holds `{task}`. */
export function holdsTask(text: string): boolean {
  return Object.keys(taskMarks([text])).length > 0
}

/** The path of one task. */
export function taskPath(template: string, task: number): string {
  return replace(template, (width) => String(task).padStart(width, '0'))
}

/** A pattern that covers the paths of all tasks. */
export function anyTaskPath(template: string): string {
  return template
    .split('/')
    .map((segment) => {
      const filled = replace(segment, () => '*')
      // Two stars would span folders.
      return holdsTask(segment) ? filled.replaceAll(/\*{2,}/g, '*') : filled
    })
    .join('/')
}

/** What these tasks make, one by one where that is not too much, else as patterns. */
export function pathsOfTasks(templates: readonly string[], tasks: readonly number[]): readonly string[] {
  if (templates.length * tasks.length > listed) return templates.map(anyTaskPath)
  return tasks.flatMap((task) => templates.map((template) => taskPath(template, task)))
}

/** The declared outputs without those that stand for tasks' paths. */
export function withoutTaskPaths(
  outputs: readonly string[],
  templates: readonly string[],
): readonly string[] {
  const patterns = new Set(templates.map(anyTaskPath))
  return outputs.filter(
    (output) =>
      !patterns.has(output) &&
      !templates.some((template) =>
        [...numbersIn(output)].some((task) => taskPath(template, task) === output),
      ),
  )
}

/** The paths with `{task}` in them that a record names, relative to its `pwd` as a request has them. */
export function recordedTemplates(record: RunRecord): readonly string[] {
  const found = record.waybill?.['task_outputs']
  const texts = Array.isArray(found) ? found.filter((text) => typeof text === 'string') : []
  return texts.filter(holdsTask).map((text) => posix.relative(record.pwd ?? '.', text))
}

/** The tasks whose path by this template is, or holds, `path`: one, unless wildcards leave it open. */
export function tasksOfPath(
  template: string,
  path: string,
  isTask: (task: number) => boolean,
): readonly number[] {
  return [...numbersIn(path)].filter((task) => isTask(task) && covers(taskPath(template, task), path))
}

/** Every number that a path's digits can be read as: `12` holds 1, 2 and 12. */
function numbersIn(path: string): ReadonlySet<number> {
  const numbers = new Set<number>()
  for (const [run] of path.matchAll(/\d+/g)) {
    for (let from = 0; from < run.length; from++)
      for (let to = from + 1; to <= Math.min(run.length, from + 12); to++)
        numbers.add(Number(run.slice(from, to)))
  }
  return numbers
}

function replace(template: string, index: (width: number) => string): string {
  return template.replaceAll(pieces, (piece: string, width: string | undefined) =>
    piece === '{{' ? '{' : piece === '}}' ? '}' : index(Number(width ?? 0)),
  )
}

import { isUtf8 } from 'node:buffer'
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
  type YAMLError,
} from 'yaml'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { typeWord, unfitPath, type ReadDocument } from './document.ts'
import { readPlainYaml } from './plain-yaml.ts'
import type { FileProblem, Problem, ValuePath, Where } from './problem.ts'

/** Larger files are not definitions that people write. */
const mostBytes = 32 * 1024 * 1024

/** Aliases may make a file this many times as long, at most. */
const mostAliases = 1000

/**
 * Reads YAML with the place of every value. `file` is how places name it. All that is wrong with the text is told. Of plain
 * text the places are found out when somebody asks for one.
 */
export function readYaml(bytes: Uint8Array, file: string): Fallible<ReadDocument, readonly Problem[]> {
  const value = bytes.length <= mostBytes && isUtf8(bytes) ? readPlainYaml(textOf(bytes)) : undefined
  if (value === undefined || unfitPath(value) !== null) return readWithPlaces(bytes, file)
  let known: Fallible<ReadDocument, readonly Problem[]> | null = null
  return ok({
    value,
    where: (path, what) => {
      known ??= readWithPlaces(bytes, file)
      return known.ok ? known.value.where(path, what) : { file, line: 1, column: 1 }
    },
  })
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
}

function readWithPlaces(bytes: Uint8Array, file: string): Fallible<ReadDocument, readonly Problem[]> {
  const start: Where = { file, line: 1, column: 1 }
  const one = (facts: FileProblem): { readonly ok: false; readonly failure: readonly Problem[] } =>
    fail([{ ...facts, where: start, path: [] }])
  if (bytes.length > mostBytes) return one({ kind: 'file-too-large', bytes: bytes.length, limit: mostBytes })
  if (!isUtf8(bytes)) return one({ kind: 'not-utf8' })
  const text = textOf(bytes)
  const counter = new LineCounter()
  const at = (offset: number): Where => {
    const { line, col } = counter.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  try {
    // The reader compares each key with all others of its mapping: thousands of assets are thousands squared.
    const options = { lineCounter: counter, prettyErrors: false, uniqueKeys: false } as const
    const documents = parseAllDocuments(text, options)
    const [document, second] = 'empty' in documents ? [] : documents
    if (document === undefined) return one({ kind: 'empty-file' })
    if (document.errors.some(({ message }) => /call stack|stack overflow/i.test(message)))
      return one({ kind: 'too-deep' })
    // One mistake has the reader stumble several times.
    const errors = new Map(document.errors.toReversed().map((error) => [at(error.pos[0]).line, error]))
    const problems = [...errors.values()].toReversed().map((error) => problemOf(error, at))
    if (second !== undefined)
      problems.push({ kind: 'several-documents', where: at(second.range[0]), path: [] })
    if (problems.length > 0) return fail(problems)
    const { contents } = document
    const twice = duplicates(contents).map(({ key, offset }): Problem => {
      return { kind: 'duplicate-key', key, where: at(offset), path: [] }
    })
    if (twice.length > 0) return fail(twice)
    if (contents === null || (isScalar(contents) && contents.value === null))
      return one({ kind: 'empty-file' })
    if (!isMap(contents))
      return one({ kind: 'not-a-mapping', found: typeWord(document.toJS({ maxAliasCount: mostAliases })) })
    const value: unknown = document.toJS({ maxAliasCount: mostAliases })
    const where = (path: ValuePath, what: 'key' | 'value' = 'value'): Where =>
      at(offsetOf(document, path, what))
    const unfit = unfitPath(value)
    if (unfit === null) return ok({ value, where })
    return fail([
      unfit.at(-1) === '__proto__'
        ? {
            kind: 'unknown-key',
            key: '__proto__',
            nearest: null,
            known: [],
            where: where(unfit, 'key'),
            path: unfit.slice(0, -1),
          }
        : { kind: 'too-deep', where: where(unfit), path: unfit.slice(0, 3) },
    ])
  } catch (error) {
    // What the reader throws: too many aliases, one that names itself, a nesting that the stack does not bear.
    if (error instanceof ReferenceError) return one({ kind: 'too-many-aliases' })
    if (error instanceof RangeError) return one({ kind: 'too-deep' })
    throw error
  }
}

function problemOf(error: YAMLError, at: (offset: number) => Where): Problem {
  const [offset] = error.pos
  const place = { where: at(offset), path: [] }
  if (error.code === 'TAB_AS_INDENT') return { kind: 'tab-indent', ...place }
  return { kind: 'yaml-syntax', message: error.message.split('\n')[0] ?? '', ...place }
}

/** Keys that stand in their mapping for the second time. */
function duplicates(node: unknown): readonly { readonly key: string; readonly offset: number }[] {
  if (isSeq(node)) return node.items.flatMap(duplicates)
  if (!isMap(node)) return []
  const seen = new Set<string>()
  return node.items.flatMap(({ key, value }) => {
    const below = isMap(value) || isSeq(value) ? duplicates(value) : []
    if (!isScalar(key)) return below
    const name = String(key.value)
    const twice = seen.has(name) ? [{ key: name, offset: key.range?.[0] ?? 0 }] : []
    seen.add(name)
    return [...twice, ...below]
  })
}

/** Where a path's value or key begins in the text; of the nearest node above where it is not written. */
function offsetOf(document: Document, path: ValuePath, what: 'key' | 'value'): number {
  let node: Node | null = document.contents
  let offset = node?.range?.[0] ?? 0
  for (const [depth, segment] of path.entries()) {
    const last = depth === path.length - 1
    const holder: Node | null | undefined = isAlias(node) ? node.resolve(document) : node
    if (isMap(holder)) {
      const pair = holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment))
      if (pair === undefined) return offset
      const key = pair.key as Node
      offset = key.range?.[0] ?? offset
      if (last && what === 'key') return offset
      node = pair.value as Node | null
    } else if (isSeq(holder)) node = itemOf(holder.items as readonly Node[], segment)
    else return offset
    if (node === null) return offset
    // An empty value has a place behind its key that says less than the key does.
    if (!(isScalar(node) && node.source === '')) offset = node.range?.[0] ?? offset
  }
  return offset
}

/** An item of a list by its place, or by what it says where a name leads there. */
function itemOf(items: readonly Node[], segment: string | number): Node | null {
  const named = items.find((item) => isScalar(item) && item.value === segment)
  return (typeof segment === 'number' ? items[segment] : named) ?? null
}

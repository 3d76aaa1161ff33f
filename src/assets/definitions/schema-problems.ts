import * as z from 'zod'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { typeWord } from './document.ts'
import { nearest } from '../../contract/nearest.ts'
import type { FormProblem, ValuePath } from './problem.ts'

/** A problem of form at its path; `key`: the name itself is meant, not its value. */
export interface PlacedProblem {
  readonly facts: FormProblem
  readonly path: ValuePath
  readonly at: 'key' | 'value'
}

type Issue = z.core.$ZodIssue

/** A value in the form of a schema, or all that the schema has against it. */
export function readForm<T>(schema: z.ZodType<T>, value: unknown): Fallible<T, readonly PlacedProblem[]> {
  const parsed = schema.safeParse(value)
  return parsed.success
    ? ok(parsed.data)
    : fail(parsed.error.issues.flatMap((issue) => problemsOf(issue, schema, value, [])))
}

function problemsOf(
  issue: Issue,
  schema: z.ZodType,
  value: unknown,
  above: ValuePath,
): readonly PlacedProblem[] {
  const path = [...above, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))]
  const found = valueAt(value, path)
  const here = (facts: FormProblem): readonly PlacedProblem[] => [{ facts, path, at: 'value' }]
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, path)
      return issue.keys.map((key) => ({
        facts: { kind: 'unknown-key', key, nearest: nearest(key, known), known },
        path: [...path, key],
        at: 'key',
      }))
    }
    case 'invalid_type':
      return found === undefined && typeof path.at(-1) === 'string'
        ? [{ facts: { kind: 'missing-key', key: String(path.at(-1)) }, path: path.slice(0, -1), at: 'key' }]
        : here({ kind: 'wrong-type', expected: [expectedWord(issue.expected)], found: foundWord(found) })
    case 'invalid_union':
      return ofUnion(issue, schema, value, path)
    case 'invalid_value': {
      const known = issue.values.map(String)
      if (found === undefined)
        return [
          { facts: { kind: 'missing-key', key: String(path.at(-1)) }, path: path.slice(0, -1), at: 'key' },
        ]
      const text = typeof found === 'string' ? found : foundWord(found)
      return here({ kind: 'not-one-of', found: text, nearest: nearest(text, known), known })
    }
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? here({ kind: 'empty-value' })
        : here({ kind: 'out-of-range', least: Number(issue.minimum), most: null })
    case 'too_big':
      return here({ kind: 'out-of-range', least: null, most: Number(issue.maximum) })
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return here({ kind: 'other-form', message: issue.message })
  }
}

/** Of several forms, what the one lacks that was meant: the only one of the same type; else all types are named. */
function ofUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  schema: z.ZodType,
  value: unknown,
  path: ValuePath,
): readonly PlacedProblem[] {
  const found = valueAt(value, path)
  const ofType = issue.errors.filter(
    (branch) => !branch.some((one) => one.code === 'invalid_type' && one.path.length === 0),
  )
  const [meant] = ofType
  if (meant !== undefined && ofType.length === 1)
    return meant.flatMap((one) => problemsOf(one, schema, value, path))
  if (found === undefined)
    return [{ facts: { kind: 'missing-key', key: String(path.at(-1)) }, path: path.slice(0, -1), at: 'key' }]
  const expected = issue.errors.flatMap((branch) =>
    branch.flatMap((one) =>
      one.code === 'invalid_type' && one.path.length === 0 ? [expectedWord(one.expected)] : [],
    ),
  )
  return [
    {
      facts: { kind: 'wrong-type', expected: [...new Set(expected)], found: foundWord(found) },
      path,
      at: 'value',
    },
  ]
}

/** The keys that a mapping at a path may have. */
function keysAt(schema: z.ZodType, path: ValuePath): readonly string[] {
  const found = schemasAt(schema, path)
  return [...new Set(found.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : [])))]
}

/** The schemas that may hold at a path, unions opened. */
function schemasAt(schema: z.core.$ZodType, path: ValuePath): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional) return schemasAt(schema.unwrap(), path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => schemasAt(option, path))
  const [first, ...rest] = path
  if (first === undefined) return [schema]
  if (schema instanceof z.ZodRecord) return schemasAt(schema.valueType, rest)
  if (schema instanceof z.ZodArray) return schemasAt(schema.element, rest)
  if (!(schema instanceof z.ZodObject)) return []
  const member: unknown = Object.hasOwn(schema.shape, first) ? schema.shape[first] : undefined
  return member instanceof z.ZodType ? schemasAt(member, rest) : []
}

function valueAt(value: unknown, path: ValuePath): unknown {
  let at = value
  for (const segment of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, segment)) return undefined
    at = (at as Readonly<Record<string | number, unknown>>)[segment]
  }
  return at
}

function foundWord(value: unknown): string {
  if (typeof value === 'number' && !Number.isInteger(value)) return `the number ${value}`
  return typeWord(value)
}

function expectedWord(expected: string): string {
  switch (expected) {
    case 'string':
      return 'a text'
    case 'number':
      return 'a number'
    case 'int':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
    case 'array':
      return 'a list'
    case 'object':
    case 'record':
      return 'a mapping'
    default:
      return expected
  }
}

import { mayMeet } from '../../ledger/path-pattern.ts'
import type { ListedKeys, Partitions } from './key-space.ts'
import type { Template } from './template.ts'
import { readInstant } from './time-window.ts'

/** One segment of an output's path, as far as it can be told for all keys at once. */
export interface OutputSegment {
  /** As it was written, placeholders included. */
  readonly text: string
  /** With `*` in the place of each placeholder. */
  readonly pattern: string
  /** It has neither placeholder nor wildcard. */
  readonly literal: boolean
  /** Literal text before the first wildcard and behind the last; null where the pattern has brackets. */
  readonly ends: readonly [head: string, tail: string] | null
  /** The placeholders in it. */
  readonly dimensions: readonly string[]
  /** Where it is one placeholder with literal text around it: whether a name can be what it stands for. */
  readonly mayBe: ((name: string) => boolean) | null
}

/** The segments of an output of an asset. */
export function segmentsOf(output: Template, partitions: Partitions | null): readonly OutputSegment[] {
  const segments: (string | { readonly dimension: string })[][] = [[]]
  for (const part of output.parts) {
    if (typeof part !== 'string') segments.at(-1)?.push(part)
    else
      for (const [i, text] of part.split('/').entries()) {
        if (i > 0) segments.push([])
        if (text !== '') segments.at(-1)?.push(text)
      }
  }
  return segments.map((parts) => segmentOf(parts, partitions))
}

function segmentOf(
  parts: readonly (string | { readonly dimension: string })[],
  partitions: Partitions | null,
): OutputSegment {
  const dimensions = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.dimension]))
  const pattern = parts.map((part) => (typeof part === 'string' ? part : '*')).join('')
  const [before, after] = pattern.split('*')
  const only = dimensions[0] === undefined ? undefined : partitions?.get(dimensions[0])
  const plain = dimensions.length === 1 && /^[^*?[]*\*[^*?[]*$/.test(pattern)
  const mayBe = (name: string): boolean => {
    const head = before ?? ''
    const tail = after ?? ''
    if (name.length < head.length + tail.length || !name.startsWith(head) || !name.endsWith(tail))
      return false
    const value = name.slice(head.length, name.length - tail.length)
    return only?.kind === 'list' ? only.indexOf.has(value) : readInstant(value) !== null
  }
  return {
    text: parts.map((part) => (typeof part === 'string' ? part : `{${part.dimension}}`)).join(''),
    pattern: pattern.length > 2 || dimensions.length === 0 ? pattern : pattern.replace('**', '*'),
    literal: dimensions.length === 0 && !/[*?[]/.test(pattern),
    ends: pattern.includes('[')
      ? null
      : [/^[^*?]*/.exec(pattern)?.[0] ?? '', /[^*?]*$/.exec(pattern)?.[0] ?? ''],
    dimensions,
    mayBe: plain && only !== undefined ? mayBe : null,
  }
}

/** Whether two segments may be one name. Conservative, but what keys there are is looked at. */
export function segmentsMayMeet(a: OutputSegment, b: OutputSegment): boolean {
  if (a.literal && b.literal) return a.pattern === b.pattern
  if (a.literal && b.mayBe !== null) return b.mayBe(a.pattern)
  if (b.literal && a.mayBe !== null) return a.mayBe(b.pattern)
  if (a.literal || b.literal || a.ends === null || b.ends === null) return mayMeet(a.pattern, b.pattern)
  // The same answer as mayMeet's for two patterns, which are many where partitions are.
  const [head, tail] = a.ends
  const [otherHead, otherTail] = b.ends
  return (
    (head.startsWith(otherHead) || otherHead.startsWith(head)) &&
    (tail.endsWith(otherTail) || otherTail.endsWith(tail))
  )
}

/** Names that are made to see whether two of them are one; where there would be more, they count as one. */
const mostNames = 200_000

/** Whether different values give different names; two placeholders side by side may not (`{a}{b}`). */
export function tellsKeysApart({ dimensions, text }: OutputSegment, partitions: Partitions): boolean {
  const listed = [...new Set(dimensions)].flatMap((name): readonly (readonly [string, ListedKeys])[] => {
    const keys = partitions.get(name)
    return keys?.kind === 'list' ? [[name, keys]] : []
  })
  // Names of windows are of one length: they cannot run into what stands beside them.
  const uneven = listed.filter(([, { keys }]) => keys.some((key) => key.length !== keys[0]?.length))
  if (uneven.length < 2) return true
  const between = text.split(/\{\w+\}/).slice(1, -1)
  if (
    between.every(
      (literal) =>
        literal !== '' && !listed.some(([, { keys }]) => keys.some((key) => key.includes(literal))),
    )
  )
    return true
  const count = listed.reduce((product, [, { keys }]) => product * keys.length, 1)
  if (count > mostNames) return false
  let names = [text]
  for (const [name, { keys }] of listed)
    names = names.flatMap((so) => keys.map((key) => so.replaceAll(`{${name}}`, () => key)))
  return new Set(names).size === count
}

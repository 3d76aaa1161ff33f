import { fail, ok, type Fallible } from '../contract/fallible.ts'

/** A selection of assets, read. Positions count characters of the text from 0. */
export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'stale' }
  /** A name; in a pattern `*` stands for any text, `/` included. */
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  | { readonly kind: 'attribute'; readonly attribute: Attribute; readonly value: string; readonly at: number }
  | { readonly kind: 'not'; readonly of: Selection }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Selection[] }
  /** With what lies so many steps up- and downstream; Infinity: all of it. */
  | { readonly kind: 'reach'; readonly of: Selection; readonly up: number; readonly down: number }

/** What assets can be selected by, besides their names. */
export type Attribute = 'group' | 'tag' | 'owner' | 'site'

const attributes: ReadonlySet<string> = new Set<Attribute>(['group', 'tag', 'owner', 'site'])

/** What can be wrong with the form of a selection, and where. */
export type SyntaxFailure = { readonly at: number } & (
  | { readonly kind: 'selection-unclosed' }
  | { readonly kind: 'selection-unopened' }
  | { readonly kind: 'selection-ends' }
  | { readonly kind: 'selection-unexpected'; readonly found: string }
  | { readonly kind: 'selection-no-attribute'; readonly found: string; readonly known: readonly string[] }
  | { readonly kind: 'selection-too-deep' }
)

/** Deeper parentheses are a mistake, and would be too deep for the program's own stack. */
const deepest = 200

interface Token {
  readonly text: string
  readonly at: number
}

/**
 * Reads a selection. `not` binds strongest, then `and`; `or`, a comma and a blank mean the union. `+x`, `x+` and `2+x+1` add
 * what lies up- and downstream, of parentheses too. Nothing at all selects everything.
 */
export function parseSelection(text: string): Fallible<Selection, SyntaxFailure> {
  const tokens = tokensOf(text)
  if (tokens.length === 0) return ok({ kind: 'all' })
  let next = 0
  let depth = 0
  const peek = (): Token | undefined => tokens[next]
  const isNext = (keyword: string): boolean => peek()?.text.toLowerCase() === keyword

  function union(): Fallible<Selection, SyntaxFailure> {
    const of: Selection[] = []
    for (;;) {
      const one = intersection()
      if (!one.ok) return one
      of.push(one.value)
      const joined = isNext('or') || isNext(',')
      if (joined) next++
      const more = peek()
      if (more === undefined && joined) return fail({ kind: 'selection-ends', at: text.length })
      if (more === undefined || (isClosing(more.text) && !joined)) break
    }
    return ok(of.length === 1 ? (of[0] ?? { kind: 'all' }) : { kind: 'or', of })
  }

  function intersection(): Fallible<Selection, SyntaxFailure> {
    const of: Selection[] = []
    for (;;) {
      const one = negation()
      if (!one.ok) return one
      of.push(one.value)
      if (!isNext('and')) break
      next++
    }
    return ok(of.length === 1 ? (of[0] ?? { kind: 'all' }) : { kind: 'and', of })
  }

  function negation(): Fallible<Selection, SyntaxFailure> {
    let count = 0
    while (isNext('not')) {
      count++
      next++
    }
    const one = atom()
    if (!one.ok || count % 2 === 0) return one
    return ok({ kind: 'not', of: one.value })
  }

  function atom(): Fallible<Selection, SyntaxFailure> {
    const token = peek()
    if (token === undefined) return fail({ kind: 'selection-ends', at: text.length })
    next++
    if (!isOpening(token.text)) return word(token)
    if (++depth > deepest) return fail({ kind: 'selection-too-deep', at: token.at })
    const inner = union()
    if (!inner.ok) return inner
    const close = peek()
    if (close === undefined) return fail({ kind: 'selection-unclosed', at: token.at })
    next++
    depth--
    return ok(reach(inner.value, token.text.slice(0, -1), close.text.slice(1)))
  }

  const read = union()
  if (!read.ok) return read
  const left = peek()
  return left === undefined ? read : fail({ kind: 'selection-unopened', at: left.at })
}

/** Parentheses carry what is written at them without a blank: `2+(` and `)+1`. */
function tokensOf(text: string): readonly Token[] {
  return [...text.matchAll(/(?:\d*\+)?\(|\)(?:\+\d*)?|,|[^\s(),]+?(?=(?:\d*\+)?\(|[\s),]|$)/g)].map(
    (match) => ({ text: match[0], at: match.index }),
  )
}

function isOpening(text: string): boolean {
  return text.endsWith('(')
}

function isClosing(text: string): boolean {
  return text.startsWith(')')
}

function word({ text, at }: Token): Fallible<Selection, SyntaxFailure> {
  const [, before = '', name = '', after = ''] = /^(\d*\+)?(.*?)(\+\d*)?$/s.exec(text) ?? []
  const lower = name.toLowerCase()
  if (name === '' || [',', 'and', 'or', 'not'].includes(lower) || isClosing(name) || name.includes('+'))
    return fail({ kind: 'selection-unexpected', found: text, at })
  const colon = name.indexOf(':')
  const begins = at + before.length
  const attribute = name.slice(0, Math.max(0, colon)).toLowerCase()
  if (colon >= 0 && !attributes.has(attribute))
    return fail({ kind: 'selection-no-attribute', found: attribute, known: [...attributes], at: begins })
  const value = name.slice(colon + 1)
  if (colon >= 0 && value === '') return fail({ kind: 'selection-unexpected', found: text, at })
  const one: Selection =
    colon >= 0
      ? { kind: 'attribute', attribute: attribute as Attribute, value, at: begins + colon + 1 }
      : lower === 'stale'
        ? { kind: 'stale' }
        : lower === '*' || lower === 'all'
          ? { kind: 'all' }
          : { kind: 'name', name, at: begins }
  return ok(reach(one, before, after))
}

/** `+` alone means any number of steps. */
function reach(of: Selection, before: string, after: string): Selection {
  if (before === '' && after === '') return of
  const steps = (text: string): number =>
    text === '' ? 0 : text === '+' ? Infinity : Number(text.replace('+', ''))
  return { kind: 'reach', of, up: steps(before), down: steps(after) }
}

/** Whether a selection asks what is stale, which only a plan can tell. */
export function asksForStale(selection: Selection): boolean {
  switch (selection.kind) {
    case 'stale':
      return true
    case 'all':
    case 'name':
    case 'attribute':
      return false
    case 'not':
    case 'reach':
      return asksForStale(selection.of)
    case 'and':
    case 'or':
      return selection.of.some(asksForStale)
  }
}

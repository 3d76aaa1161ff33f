/** A value of plain YAML. */
type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value }

/** Thrown within this file alone: the text is more than plain. */
class NotPlain extends Error {}

/**
 * Reads YAML as most definitions are written: mappings by indentation with short keys, lists and mappings in brackets on one
 * line, lists of words, text with or without quotes, comments on lines of their own. Undefined for all else, and for all
 * that is or may be wrong: the reader that knows places and everything takes half a second for a thousand assets.
 */
export function readPlainYaml(text: string): unknown {
  // A control character, a blank that is none for YAML, or a document's mark.
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff]|[^\S \n]|^(?:---|\.\.\.|%)/m.test(text)) return undefined
  const lines = text.split('\n').flatMap((line): readonly Line[] => {
    const content = line.trim()
    return content === '' || content.startsWith('#') ? [] : [{ indent: line.search(/[^ ]/), content }]
  })
  try {
    const reader = { lines, at: 0 }
    const value = mappingAt(reader, 0)
    return reader.at > 0 && reader.at === lines.length ? value : undefined
  } catch (error) {
    // A nesting that the stack does not bear is told by the other reader.
    if (error instanceof NotPlain || error instanceof RangeError) return undefined
    throw error
  }
}

interface Line {
  readonly indent: number
  readonly content: string
}

interface Reader {
  readonly lines: readonly Line[]
  at: number
}

/** The mapping or list whose lines have this indent, from the reader's line on. */
function blockAt(reader: Reader, indent: number): Value {
  const first = reader.lines[reader.at]
  if (first === undefined || first.indent !== indent) throw new NotPlain()
  return first.content.startsWith('- ') ? listAt(reader, indent) : mappingAt(reader, indent)
}

function listAt(reader: Reader, indent: number): Value {
  const items: Value[] = []
  for (let line = reader.lines[reader.at]; line?.indent === indent; line = reader.lines[++reader.at]) {
    if (!line.content.startsWith('- ')) throw new NotPlain()
    items.push(lineValue(line.content.slice(2).trim()))
  }
  return ended(reader, indent, items)
}

function mappingAt(reader: Reader, indent: number): Value {
  const mapping: Record<string, Value> = {}
  for (let line = reader.lines[reader.at]; line?.indent === indent; line = reader.lines[reader.at]) {
    const [, key, rest = ''] = /^([A-Za-z_][\w-]*):(?: +(.*))?$/.exec(line.content) ?? []
    add(mapping, key)
    reader.at++
    const next = reader.lines[reader.at]
    const value =
      rest !== ''
        ? lineValue(rest)
        : next !== undefined && next.indent > indent
          ? blockAt(reader, next.indent)
          : undefined
    if (key === undefined || value === undefined) throw new NotPlain()
    mapping[key] = value
  }
  return ended(reader, indent, mapping)
}

/** What comes next lies further out, or text goes on there. */
function ended(reader: Reader, indent: number, value: Value): Value {
  if ((reader.lines[reader.at]?.indent ?? 0) > indent) throw new NotPlain()
  return value
}

/** Sees that a key is one, and none that is there already. */
function add(mapping: Readonly<Record<string, Value>>, key: string | undefined): void {
  if (key === undefined || special.test(key) || key === '__proto__' || Object.hasOwn(mapping, key))
    throw new NotPlain()
}

/** Words that YAML may take for something else than text. */
const special = /^(?:null|true|false|yes|no|on|off|y|n)$/i

/** A value that is the rest of a line. */
function lineValue(text: string): Value {
  if (text.startsWith('{') || text.startsWith('[')) {
    const flow = { text, at: 0 }
    const value = flowValue(flow)
    if (flow.at !== text.length) throw new NotPlain()
    return value
  }
  const quoted = /^"([^"\\]*)"$|^'([^']*)'$/.exec(text)
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? ''
  return scalar(text)
}

interface Flow {
  readonly text: string
  at: number
}

function flowValue(flow: Flow): Value {
  const begin = flow.text[flow.at]
  if (begin === '{') return flowMapping(flow)
  if (begin === '[') return flowList(flow)
  if (begin === '"') return match(flow, /"([^"\\]*)"/y)
  if (begin === "'") return match(flow, /'([^']*)'(?!')/y)
  return scalar(match(flow, /([^,[\]{}]+)/y).trim())
}

function flowList(flow: Flow): Value {
  const items: Value[] = []
  flow.at++
  skip(flow)
  while (flow.text[flow.at] !== ']') {
    items.push(flowValue(flow))
    between(flow, ']')
  }
  flow.at++
  return items
}

function flowMapping(flow: Flow): Value {
  const mapping: Record<string, Value> = {}
  flow.at++
  skip(flow)
  while (flow.text[flow.at] !== '}') {
    const key = match(flow, /([A-Za-z_][\w-]*): +/y)
    add(mapping, key)
    mapping[key] = flowValue(flow)
    between(flow, '}')
  }
  flow.at++
  return mapping
}

/** Behind a value: a comma and one more, or the end. */
function between(flow: Flow, end: string): void {
  skip(flow)
  if (flow.text[flow.at] === end) return
  match(flow, /(,) */y)
  if (flow.text[flow.at] === end) throw new NotPlain()
}

function skip(flow: Flow): void {
  while (flow.text[flow.at] === ' ') flow.at++
}

function match(flow: Flow, pattern: RegExp): string {
  pattern.lastIndex = flow.at
  const found = pattern.exec(flow.text)
  if (found === null) throw new NotPlain()
  flow.at = pattern.lastIndex
  return found[1] ?? ''
}

/** Text without quotes: words, whole numbers, true, false. */
function scalar(text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^(?:0|[1-9]\d{0,14})$/.test(text)) return Number(text)
  // What begins otherwise, holds a mark of YAML's or may be a number is not for this reader.
  if (!/^[A-Za-z0-9_./]/.test(text) || /: | #|:$|["'`]/.test(text)) throw new NotPlain()
  if (special.test(text) || !Number.isNaN(Number(text)) || /^\.(?:inf|nan)$/i.test(text)) throw new NotPlain()
  return text
}

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is an object of JSON, and no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** More levels than this are no message: what keeps or shows it goes down them one by one. */
const deepest = 200

/**
 * Parses JSON as Python's `json` writes it: `NaN`, `Infinity` and `-Infinity` are numbers, and an integer of more than 53
 * bits is a bigint. Never throws.
 */
export function parseJson(text: string): { readonly value: unknown } | { readonly bad: 'json' | 'too-deep' } {
  try {
    const value = parse(text)
    return isDeeper(value, deepest) ? { bad: 'too-deep' } : { value }
  } catch (error) {
    return { bad: error instanceof RangeError ? 'too-deep' : 'json' }
  }
}

/** A value as strict JSON can hold it: numbers it has no form for become text. */
export function strict(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(strict)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, strict(member)]))
}

function parse(text: string): unknown {
  // Most lines have nothing of the kind, and the parser's own way is the fast one.
  if (!/NaN|Infinity|\d{16}/.test(text)) return JSON.parse(text) as unknown
  return JSON.parse(
    withNumbers(text),
    (_key: string, value: unknown, context?: { readonly source?: string }) => {
      if (typeof value !== 'number' || context?.source === undefined) return value
      if (context.source === notANumber) return Number.NaN
      // Longer ones are no quantities, and take long to convert.
      const isInteger = /^-?\d{1,400}$/.test(context.source)
      return isInteger && !Number.isSafeInteger(value) ? BigInt(context.source) : value
    },
  ) as unknown
}

/** A number that nobody writes, and that is told by how it is written. */
const notANumber = '-0e-77'

/** Puts numbers of JSON in the place of Python's words, outside of strings. */
function withNumbers(text: string): string {
  const parts: string[] = []
  let copied = 0
  const put = (from: number, word: string, number: string): void => {
    parts.push(text.slice(copied, from), number)
    copied = from + word.length
  }
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]
    if (letter === '"') i = endOfString(text, i)
    else if (letter === 'N' && text.startsWith('NaN', i)) put(i, 'NaN', notANumber)
    else if (letter === 'I' && text.startsWith('Infinity', i)) put(i, 'Infinity', '1e999')
  }
  return parts.join('') + text.slice(copied)
}

function endOfString(text: string, quote: number): number {
  let i = quote + 1
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
}

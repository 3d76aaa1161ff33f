/** What a record may hold. Numbers are integers, or have at most three decimals and are written as Python would. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Writes JSON as Python's `json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)` does, so that records of
 * DataLad and ours are alike byte for byte. Keys are sorted by code point.
 */
export function pythonJson(value: Json): string {
  return write(value, '\n')
}

function write(value: Json, newline: string): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return writeNumber(value)
  if (typeof value === 'string') return writeString(value)
  const inner = `${newline} `
  if (isList(value)) {
    if (value.length === 0) return '[]'
    return `[${inner}${value.map((item) => write(item, inner)).join(`,${inner}`)}${newline}]`
  }
  const keys = Object.keys(value).toSorted(byCodePoint)
  if (keys.length === 0) return '{}'
  const pairs = keys.map((key) => `${writeString(key)}: ${write(value[key] ?? null, inner)}`)
  return `{${inner}${pairs.join(`,${inner}`)}${newline}}`
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`a record cannot hold ${value}`)
  return JSON.stringify(Number.isInteger(value) ? value : Math.round(value * 1000) / 1000)
}

/** JSON.stringify escapes what Python does (controls, quote, backslash), except that Python leaves lone surrogates and U+007F as they are too. */
function writeString(value: string): string {
  return JSON.stringify(value)
}

/** Python compares strings by code point, JavaScript by UTF-16 unit: they differ above U+FFFF. */
function byCodePoint(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

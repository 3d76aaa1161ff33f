/** A text with places that a partition's key fills. */
export interface Template {
  /** As it was written. */
  readonly text: string
  /** Literal text and dimensions in turn. */
  readonly parts: readonly (string | { readonly dimension: string })[]
}

/** A name that can stand for a dimension, in a placeholder and in a variable of the environment. */
export const dimensionName = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Reads `{name}` as a place to fill and `{{name}}` as `{name}` itself. `${name}` is the shell's, and a brace that encloses
 * anything else than a name stands for itself: JSON, awk and shell code are left alone.
 */
export function parseTemplate(text: string): Template {
  if (!text.includes('{')) return { text, parts: text === '' ? [] : [text] }
  const parts: (string | { readonly dimension: string })[] = []
  let literal = ''
  let from = 0
  for (const match of text.matchAll(/\{\{([A-Za-z_]\w*)\}\}|(?<!\$)\{([A-Za-z_]\w*)\}/g)) {
    const [whole, kept, dimension] = match
    literal += text.slice(from, match.index)
    from = match.index + whole.length
    if (dimension === undefined) literal += `{${kept}}`
    else {
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push({ dimension })
    }
  }
  literal += text.slice(from)
  if (literal !== '') parts.push(literal)
  return { text, parts }
}

/** The dimensions that a template names, each once. */
export function dimensionsOf(template: Template): ReadonlySet<string> {
  return new Set(template.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.dimension])))
}

/**
 * The text for one key; `write` puts a value into the form that the place needs.
 * @throws Error for a dimension without a value: definitions that were checked have none.
 */
export function fillTemplate(
  template: Template,
  values: Readonly<Record<string, string>>,
  write: (value: string) => string = (value) => value,
): string {
  return template.parts
    .map((part) => {
      if (typeof part === 'string') return part
      const value = Object.hasOwn(values, part.dimension) ? values[part.dimension] : undefined
      if (value === undefined) throw new Error(`no value for {${part.dimension}} in ${template.text}`)
      return write(value)
    })
    .join('')
}

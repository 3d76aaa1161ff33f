/**
 * The option words of a batch script, one list a component of a heterogeneous job (`#SBATCH hetjob` separates).
 * `foreign` are the words of #BSUB or #PBS lines, which sbatch also heeds unless told `--ignore-pbs`.
 */
export interface ScriptDirectives {
  readonly components: readonly (readonly string[])[]
  readonly foreign: ForeignDirectives | null
}

/** Directives of another scheduler: sbatch translates one kind at most, LSF's before PBS's. */
export interface ForeignDirectives {
  readonly kind: 'BSUB' | 'PBS'
  readonly words: readonly string[]
}

/** Reads the directives as sbatch 22.05 does: up to the first line that is neither blank nor a comment. */
export function readDirectives(script: string): ScriptDirectives {
  const components: string[][] = [[]]
  const bsub: string[] = []
  const pbs: string[] = []
  for (const line of script.split('\n')) {
    const magic = /^#(SBATCH|SLURM|BSUB|PBS)/.exec(line)
    if (!magic) {
      // isspace(3) of the C locale: a non-breaking space begins a command.
      if (/^[ \t\r\f\v]*[^ \t\r\f\v#]/.test(line)) break
      continue
    }
    const rest = line.slice(magic[0].length)
    if (magic[1] === 'BSUB') bsub.push(...splitWords(rest))
    else if (magic[1] === 'PBS') pbs.push(...splitWords(rest))
    // The separator's own line contributes nothing else (tried on 22.05).
    else if (/hetjob|packjob/i.test(rest)) components.push([])
    else components.at(-1)?.push(...splitWords(rest))
  }
  return { components, foreign: foreignOf(bsub, pbs) }
}

function foreignOf(bsub: readonly string[], pbs: readonly string[]): ForeignDirectives | null {
  if (bsub.length > 0) return { kind: 'BSUB', words: bsub }
  return pbs.length > 0 ? { kind: 'PBS', words: pbs } : null
}

/**
 * Splits a directive into words by sbatch's own rules: quotes group, a backslash takes the next character as it is
 * (but cannot join words at a space), and an unquoted `#` ends the line.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let at = 0
  while (at < text.length) {
    while (isSpace(text.charAt(at))) at += 1
    if (at >= text.length || text.charAt(at) === '#') break
    let word = ''
    let quote = ''
    let escaped = false
    for (; at < text.length; at += 1) {
      const char = text.charAt(at)
      if (quote === '' && isSpace(char)) break
      if (escaped) escaped = false
      else if (char === '\\') {
        escaped = true
        continue
      } else if (quote !== '') {
        if (char === quote) {
          quote = ''
          continue
        }
      } else if (char === '"' || char === "'") {
        quote = char
        continue
      } else if (char === '#') break
      word += char
    }
    words.push(word)
    if (text.charAt(at) === '#') break
  }
  return words
}

function isSpace(char: string): boolean {
  return char !== '' && ' \t\r\f\v\n'.includes(char)
}

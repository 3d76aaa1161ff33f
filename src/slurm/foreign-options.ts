import type { GivenOption } from './getopt.ts'
import type { ForeignDirectives } from './script-directives.ts'

/** Letters of #BSUB and #PBS lines that sbatch turns into options we act on (tried on 22.05; 23.11 no longer does). */
const meanings: Readonly<Record<ForeignDirectives['kind'], Readonly<Record<string, string>>>> = {
  BSUB: { J: 'job-name', o: 'output', e: 'error', q: 'partition' },
  PBS: { N: 'job-name', o: 'output', e: 'error', J: 'array', t: 'array', q: 'partition', A: 'account' },
}

const flags: Readonly<Record<ForeignDirectives['kind'], string>> = { BSUB: 'x', PBS: 'hIVz' }

/** The options among another scheduler's directives. What sbatch ignores or refuses is left out. */
export function foreignOptions(directives: ForeignDirectives): readonly GivenOption[] {
  const options: GivenOption[] = []
  const words = [...directives.words]
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (!/^-[A-Za-z]/.test(word)) break
    const letter = word.charAt(1)
    if (flags[directives.kind].includes(letter)) continue
    const value = word.length > 2 ? word.slice(2) : (words.shift() ?? '')
    const name = meanings[directives.kind][letter]
    if (name !== undefined) options.push({ name, value })
  }
  return options
}

import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { nearest } from '../../contract/nearest.ts'
import type { Overrides } from './definitions.ts'
import type { ProblemFacts } from './problem.ts'
import { readDefaults } from './read-overrides.ts'
import { resourceNames } from './resources.ts'

/** What a person says for all jobs of one run: words for resources, and options of sbatch by their long names, side by side. */
export type RunSettings = Readonly<Record<string, string | number | boolean>>

/** What stands against one of them. */
export interface BadSetting {
  readonly name: string
  readonly facts: ProblemFacts
}

/** Words for resources that are numbers, and the least they can be. */
const counts: Readonly<Record<string, number>> = { cpus: 1, gpus: 0, nodes: 1 }

/** Reads what a run says as its level of settings; texts of command lines stand for numbers and for true and false. */
export function readRunSettings(
  said: RunSettings,
): Fallible<Pick<Overrides, 'resources' | 'slurm'>, BadSetting> {
  const written = Object.fromEntries(
    Object.entries(said).map(([name, value]) => [name, valueOf(name, value)]),
  )
  for (const [name, least] of Object.entries(counts)) {
    const value = written[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || !Number.isInteger(value))
      return fail({ name, facts: { kind: 'wrong-type', expected: ['a whole number'], found: String(value) } })
    if (value < least) return fail({ name, facts: { kind: 'out-of-range', least, most: null } })
  }
  let bad: BadSetting | null = null
  const read = readDefaults({ scheduler: 'slurm', defaults: written }, [], (facts, path) => {
    const name = String(path.at(-1) ?? '')
    bad ??= { name, facts: facts.kind === 'unknown-option' ? withResources(name, facts) : facts }
  })
  return bad === null ? ok(read) : fail(bad)
}

/** A word for a resource may have been meant. */
function withResources(name: string, facts: Extract<ProblemFacts, { kind: 'unknown-option' }>): ProblemFacts {
  return { ...facts, nearest: nearest(name, resourceNames) ?? facts.nearest }
}

function valueOf(name: string, value: string | number | boolean): string | number | boolean {
  if (typeof value !== 'string') return value
  if (value === 'true' || value === 'false') return value === 'true'
  return Object.hasOwn(counts, name) && /^\d{1,9}$/.test(value) ? Number(value) : value
}

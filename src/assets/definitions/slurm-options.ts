import { sbatchOptions } from '../../slurm/sbatch-options.ts'
import { nearest } from '../../contract/nearest.ts'

/** What is wrong with an option of sbatch. */
export type SlurmOptionFacts =
  | { readonly kind: 'unknown-option'; readonly option: string; readonly nearest: string | null }
  | { readonly kind: 'own-option'; readonly option: string; readonly why: OwnReason }
  | {
      readonly kind: 'option-value'
      readonly option: string
      readonly expected: 'flag' | 'value' | 'flag-or-value'
    }

/** Why an option is Waybill's own. */
export type OwnReason =
  'identity' | 'keys' | 'run' | 'needs' | 'answer' | 'waits' | 'folder' | 'logs' | 'release' | 'answers-only'

/** Options that Waybill says itself, or that would keep a job from being one. */
const own: { readonly [option: string]: OwnReason } = {
  comment: 'identity',
  array: 'keys',
  wrap: 'run',
  dependency: 'needs',
  'kill-on-invalid-dep': 'needs',
  parsable: 'answer',
  quiet: 'answer',
  verbose: 'answer',
  wait: 'waits',
  chdir: 'folder',
  output: 'logs',
  error: 'logs',
  'open-mode': 'logs',
  hold: 'release',
  'test-only': 'answers-only',
  help: 'answers-only',
  usage: 'answers-only',
  version: 'answers-only',
}

const known = new Map(sbatchOptions.map((option) => [option.name, option]))

/** What stands against an option and its value, or null. */
export function optionProblem(name: string, value: string | number | boolean): SlurmOptionFacts | null {
  const option = known.get(name)
  if (option === undefined) return { kind: 'unknown-option', option: name, nearest: meant(name) }
  const why = Object.hasOwn(own, name) ? own[name] : undefined
  if (why !== undefined) return { kind: 'own-option', option: name, why }
  const isFlag = typeof value === 'boolean'
  if (option.arity === 'none' && !isFlag) return { kind: 'option-value', option: name, expected: 'flag' }
  if (option.arity === 'required' && (isFlag || value === ''))
    return { kind: 'option-value', option: name, expected: 'value' }
  if (value === '') return { kind: 'option-value', option: name, expected: 'flag-or-value' }
  return null
}

/** A letter stands for its long option; dashes in front are no part of a name here. */
function meant(name: string): string | null {
  const bare = name.replace(/^-+/, '').replaceAll('_', '-')
  if (known.has(bare)) return bare
  const byLetter = sbatchOptions.find(({ letter }) => letter !== null && letter === bare)
  return byLetter?.name ?? nearest(bare, known.keys())
}

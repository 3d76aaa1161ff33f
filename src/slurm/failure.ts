import type { MissingProgram } from '../process/run.ts'

/** What can stand between Waybill and an answer of Slurm. */
export type SlurmFailure =
  /** A command of Slurm's is not installed, or may not be started. */
  | MissingProgram
  /** It gave no answer within the deadline: slurmctld or slurmdbd is frozen or overloaded. */
  | { readonly kind: 'slurm-timeout'; readonly program: string; readonly seconds: number }
  /** This cluster keeps no accounting. */
  | { readonly kind: 'accounting-off' }
  /** It complained; `words` are its own. */
  | { readonly kind: 'slurm-error'; readonly program: string; readonly words: string }

/** The failure as one plain line, for testimonies; people get their words from the command line's tables. */
export function failureLine(failure: SlurmFailure): string {
  switch (failure.kind) {
    case 'missing-program':
      return `${failure.program} cannot be started: ${failure.message}`
    case 'slurm-timeout':
      return `${failure.program} did not answer within ${failure.seconds} s`
    case 'accounting-off':
      return 'this cluster keeps no accounting'
    case 'slurm-error':
      return `${failure.program}: ${gist(failure)}`
  }
}

/** The last of its lines sums up what went wrong; its own name in front is ours to say. */
function gist(failure: { readonly program: string; readonly words: string }): string {
  const line = failure.words.split('\n').at(-1) ?? ''
  return line.replace(`${failure.program}: `, '').replace(/^error: /, '')
}

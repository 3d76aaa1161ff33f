import type { EpochSeconds } from '../contract/ids.ts'
import type { Silence } from '../contract/scheduler.ts'
import type { MissingProgram } from '../process/run.ts'

/** What can stand between Waybill and an answer of Slurm. */
export type SlurmFailure =
  /** A command of Slurm's is not installed, or may not be started. */
  | MissingProgram
  /** It gave no answer within the deadline: slurmctld or slurmdbd is frozen or overloaded. */
  | ({ readonly kind: 'slurm-timeout'; readonly program: string; readonly seconds: number } & Resting)
  /** This cluster keeps no accounting. */
  | { readonly kind: 'accounting-off' }
  /** It complained; `words` are its own. */
  | ({ readonly kind: 'slurm-error'; readonly program: string; readonly words: string } & Resting)
  /** It was not asked: its answers have called for a rest. */
  | { readonly kind: 'slurm-spared'; readonly program: string; readonly again: EpochSeconds }

/** When a Slurm that said it is busy may be asked again. */
interface Resting {
  readonly again?: EpochSeconds
}

/** The failure as one plain line, for testimonies; people get their words from the command line's tables. */
export function failureLine(failure: SlurmFailure): string {
  switch (failure.kind) {
    case 'missing-program':
      return `${failure.program} cannot be started: ${failure.message}`
    case 'slurm-timeout':
      return `${failure.program} did not answer within ${failure.seconds} s${rest(failure)}`
    case 'accounting-off':
      return 'this cluster keeps no accounting'
    case 'slurm-error':
      return `${failure.program}: ${gist(failure)}${rest(failure)}`
    case 'slurm-spared':
      return `Slurm is not asked again (${failure.program}) before ${clock(failure.again)}`
  }
}

/** A witness that failed to answer, in the words of testimonies. */
export function silent(failure: SlurmFailure): Silence {
  const why = failure.kind === 'accounting-off' ? 'off' : 'failed'
  return { answered: false, why, message: failureLine(failure) }
}

function rest({ again }: Resting): string {
  return again === undefined ? '' : `; Slurm is busy, and is not asked again before ${clock(again)}`
}

/** The time of day, in the user's zone. */
function clock(at: EpochSeconds): string {
  return new Date(Math.ceil(at) * 1000).toTimeString().slice(0, 8)
}

/** The last of its lines sums up what went wrong; its own name in front is ours to say. */
function gist(failure: { readonly program: string; readonly words: string }): string {
  const line = failure.words.split('\n').at(-1) ?? ''
  return line.replace(`${failure.program}: `, '').replace(/^error: /, '')
}

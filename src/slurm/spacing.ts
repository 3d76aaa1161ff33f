import type { EpochSeconds } from '../contract/ids.ts'
import type { Told } from './known-answer.ts'

/** An answer that came within so many seconds says that Slurm has time. */
const quick = 0.5

/** After a slower one it is left alone for so many times as long: one user keeps it busy for a tenth of the time at most. */
const restFactor = 10

/** Seconds that a busy Slurm is left alone at first; each time it is busy again doubles them. */
const firstRest = 2

/** Nobody waits longer than this, in seconds. */
const longestRest = 60

/**
 * What Slurm's commands say when the controller or slurmdbd has no time (slurm_errno.c of 20.11 to 24.11): no answer in
 * time, a connection cut by a full backlog, RPC limits (`rl_enable`, from 23.02 on).
 */
const busyWords =
  /timed out on send\/recv|zero bytes were transmitted|temporarily (?:un|not )able|temporarily unavailable|rate.?limit|RPC limit|retry momentarily|retry later|too many requests/i

/** Whether Slurm said that it is busy: by its words, beside a good answer too, or by none within our deadline. */
export function isBusy(answer: Told['answer']): boolean {
  if (answer.ok) return busyWords.test(answer.value.stderr)
  if (answer.failure.kind === 'slurm-timeout') return true
  return answer.failure.kind === 'slurm-error' && busyWords.test(answer.failure.words)
}

/** The moment from which on the same question may be put again. */
export function askAgainAt({ asked, took, busy, answer }: Told): EpochSeconds {
  // A command that failed by itself (no controller there, no such option) says nothing of how busy Slurm is.
  const slow = answer.ok && took > quick ? took * restFactor : 0
  const rest = busy > 0 ? firstRest * 2 ** (busy - 1) : 0
  return asked + took + Math.min(Math.max(slow, rest), longestRest)
}

/** What an answer must be like for the one who asks. */
export interface Need {
  /** The question must have been put then or later. */
  readonly since: EpochSeconds
  /** While nobody may ask: wait; take the last answer, however old; or do without. */
  readonly meanwhile: 'wait' | 'last' | 'nothing'
}

/** What to do about a question, given the last answer to it. Times in seconds since 1970. */
export type Move =
  | { readonly kind: 'take'; readonly told: Told }
  | { readonly kind: 'ask' }
  | { readonly kind: 'wait' | 'do-without'; readonly until: EpochSeconds }

/** Decides that; `cleared`: what was asked up to that moment counts no more. Pure. */
export function nextMove(
  told: Told | null,
  need: Need,
  cleared: EpochSeconds | null,
  now: EpochSeconds,
): Move {
  // One from the future was noted before the clock was set back.
  if (told === null || told.asked > now) return { kind: 'ask' }
  const counts = cleared === null || told.asked > cleared
  if (counts && told.asked >= need.since) return { kind: 'take', told }
  const until = askAgainAt(told)
  if (now >= until) return { kind: 'ask' }
  if (need.meanwhile === 'wait') return { kind: 'wait', until }
  return need.meanwhile === 'last' && counts ? { kind: 'take', told } : { kind: 'do-without', until }
}

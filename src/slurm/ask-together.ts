import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { EpochSeconds } from '../contract/ids.ts'
import type { Answers } from './answers.ts'
import type { SlurmFailure } from './failure.ts'
import type { Told } from './known-answer.ts'
import { query } from './query.ts'
import type { QuerySettings } from './query.ts'
import { askAgainAt, isBusy, nextMove } from './spacing.ts'
import type { Need } from './spacing.ts'

/** What processes need to ask together. */
export interface SharingSettings extends QuerySettings {
  readonly now: () => EpochSeconds
  readonly sleep: (seconds: number) => Promise<void>
  /** This host's name: looks are not shared between hosts. */
  readonly host: string
  /** Looked up for each question: the folder may go while we live. */
  readonly answers: () => Answers
  /** What the caller of this command does while Slurm may not be asked: wait unless said. */
  readonly meanwhile?: Need['meanwhile']
  /** Told how many seconds there are still to wait until Slurm may be asked. */
  readonly onWait?: ((seconds: number) => void) | undefined
}

/** An answer that may be another's, and when the same may be asked again. */
export interface Shared extends Pick<Told, 'answer'> {
  readonly asked: EpochSeconds
  readonly again: EpochSeconds
}

/** A question that is put now, for one who takes no older answer. */
export function freshNeed(settings: SharingSettings): Need {
  return { since: settings.now(), meanwhile: settings.meanwhile ?? 'wait' }
}

/** Seconds beyond its deadline after which one who asks is taken for stuck. */
const grace = 5

/**
 * Asks one of Slurm's commands, together with all who ask the same on this host: one does, the others take its answer
 * where it is new enough for them, and nobody asks again before Slurm has had the rest that its answers call for.
 */
export async function askTogether(
  settings: SharingSettings,
  program: string,
  args: readonly string[],
  need: Need,
): Promise<Shared> {
  const { now, sleep, deadline, onWait } = settings
  const question = questionOf(settings, program, args)
  for (let pause = 0.01; ; pause = Math.min(pause * 1.5, 0.1)) {
    const answers = settings.answers()
    const decide = (): ReturnType<typeof nextMove> =>
      nextMove(answers.read(question), need, answers.cleared(), now())
    const move = decide()
    if (move.kind === 'take') return shared(move.told)
    if (move.kind === 'do-without') return spared(program, now(), move.until)
    if (move.kind === 'wait') {
      onWait?.(move.until - now())
      await sleep(Math.min(move.until - now(), 1))
      continue
    }
    const letGo = answers.tryLock(question, now() + deadline + grace, now())
    if (letGo === null) {
      await sleep(pause)
      continue
    }
    try {
      // Another may have asked since we read what was known.
      if (decide().kind === 'ask') return shared(await ask(settings, answers, question, program, args))
    } finally {
      letGo()
    }
  }
}

async function ask(
  settings: SharingSettings,
  answers: Answers,
  question: string,
  program: string,
  args: readonly string[],
): Promise<Told> {
  const before = answers.read(question)
  const asked = settings.now()
  const answer = await query(settings, program, args)
  const took = Math.max(0, settings.now() - asked)
  const told: Told = { asked, took, busy: isBusy(answer) ? (before?.busy ?? 0) + 1 : 0, answer }
  // A program that is not there costs nobody anything.
  if (answer.ok || answer.failure.kind !== 'missing-program') answers.write(question, told)
  return told
}

function shared(told: Told): Shared {
  const again = askAgainAt(told)
  const { asked, answer } = told
  if (answer.ok || told.busy === 0) return { asked, again, answer }
  return { asked, again, answer: { ok: false, failure: { ...answer.failure, again } as SlurmFailure } }
}

function spared(program: string, asked: EpochSeconds, again: EpochSeconds): Shared {
  return { asked, again, answer: { ok: false, failure: { kind: 'slurm-spared', program, again } } }
}

/** Everything that decides which answer comes: who is asked, for which cluster, for what. */
function questionOf({ env, host }: SharingSettings, program: string, args: readonly string[]): string {
  const cluster = [env['SLURM_CONF'], env['SLURM_CONF_SERVER'], env['SLURM_SACK_SOCKET']]
  return JSON.stringify([1, host, pathOf(program, env['PATH']), cluster, args])
}

/** Which of several installations answers is decided by PATH. */
function pathOf(program: string, path: string | undefined): string {
  for (const folder of (path ?? '').split(':')) {
    const candidate = join(folder, program)
    try {
      accessSync(candidate, constants.X_OK)
      return candidate
    } catch {
      // Not here.
    }
  }
  return program
}

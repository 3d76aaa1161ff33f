import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HeldBack } from '../../contract/scheduler.ts'
import { fromSystem } from '../../dataset/failure.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import { liveness } from '../../process/identity.ts'
import type { Report } from '../report.ts'
import { jobFacts } from '../select.ts'
import { aboutDataset } from './prepared.ts'
import { giveUp } from './intend.ts'
import type { Ready } from './ready.ts'

/**
 * Keeps a job that is noted from being submitted, until there is room for it. The environment that it was scheduled in is
 * kept beside it, for this user's eyes alone, and goes when it is submitted.
 */
export async function holdBack(context: Context, one: Ready, why: HeldBack): Promise<void> {
  const { job, words, wish, env, report } = one
  try {
    writeFileSync(environmentFile(context, job), JSON.stringify(env), { mode: 0o600 })
  } catch (error) {
    await giveUp(context, job, report)
    report(aboutDataset(context, 'impossible', fromSystem('environment', error)))
    return
  }
  const held = { words, wish, why, tried: context.now() }
  context.ledger.change(job.id, context.now(), 'held-back', { held, submitter: null }, why)
  const again = job.held !== null
  if (!again)
    report({
      ...aboutDataset(context, 'ok', { kind: 'held-back', cmd: job.spec.cmd, why }),
      facts: jobFacts(job),
    })
}

/** The end of a job that the site would never take. */
export async function refuseForGood(
  context: Context,
  { job, wish, report }: Ready,
  why: Extract<HeldBack, { kind: 'limit' }>,
): Promise<void> {
  await giveUp(context, job, report)
  dropEnvironment(context, job)
  const note = {
    kind: 'over-limit',
    tasks: wish.tasks,
    highest: wish.highestIndex,
    limit: why,
  } as const
  report({ ...aboutDataset(context, 'impossible', note), facts: jobFacts(job) })
}

/** The environment that a held job was scheduled in; null when it is gone. */
export function keptEnvironment(context: Context, job: Job): Readonly<Record<string, string>> | null {
  try {
    return JSON.parse(readFileSync(environmentFile(context, job), 'utf8')) as Readonly<Record<string, string>>
  } catch {
    return null
  }
}

/** Takes the environment of a job away that is held no more. */
export function dropEnvironment(context: Context, job: Job): void {
  rmSync(environmentFile(context, job), { force: true })
}

/** Takes a held job, to submit it or to give it up; false when another process has it, or it is not held any more. */
export function claimHeld(context: Context, job: Job): boolean {
  const { submitter } = job
  // What a shell that stood ready has come to, recovery finds out first.
  const free = submitter === null || (submitter.shell === null && liveness(submitter.waybill) === 'dead')
  if (!free) return false
  return context.ledger.claimHeld(job.id, job.submitter, { waybill: context.self, shell: null })
}

/** Gives a held job up; false when it is not held any more, or is just being submitted. */
export async function giveUpHeld(
  context: Context,
  job: Job,
  report: (report: Report) => void,
): Promise<boolean> {
  if (!claimHeld(context, job)) return false
  await giveUp(context, job, report)
  dropEnvironment(context, job)
  return true
}

function environmentFile(context: Context, job: Job): string {
  return join(jobFolder(context, job.token), 'environment.json')
}

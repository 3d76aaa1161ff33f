import { join } from 'node:path'
import { isReadableFile } from '../../dataset/file-status.ts'
import { hashFiles } from '../../dataset/hash-files.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import { identify, isSame } from '../inputs.ts'
import { tryLease } from '../lease.ts'
import type { Report } from '../report.ts'
import { jobFacts } from '../select.ts'
import { noteDescriptions } from './after-submission.ts'
import { claimHeld, dropEnvironment, keptEnvironment } from './held.ts'
import type { Ready } from './ready.ts'
import { submitMany } from './submit-many.ts'

/** Seconds between tries, so that many who look do not each ask for the limits. */
const spacing = 5

/** So many are submitted at a look: it is to come to its end. */
const most = 1000

/**
 * Submits what waits here for a limit of the site to have room, as far as there is room now, oldest first. One process does
 * so at a time. What was to run or to be read must be what it was when the job was scheduled: else it stays, and says so.
 */
export async function releaseHeld(context: Context, report: (report: Report) => void): Promise<void> {
  const held = context.ledger
    .heldJobs(context.dataset.root)
    // Another user's environment is not ours to read, nor the limits that hold for them to know.
    .filter((job) => job.user === context.user && context.now() - (job.held?.tried ?? 0) >= spacing)
  if (held.length === 0) return
  await tryLease(context, 'release', async () => {
    const limits = await context.schedulers.slurm.room()
    const fitting: Job[] = []
    for (const job of held.slice(0, most)) {
      if (job.held === null) continue
      const admission = limits.admit(job.held.wish)
      if (admission.kind === 'fits') fitting.push(job)
      else keepHeld(context, job, admission.why)
    }
    const changed = await whatChanged(context, fitting)
    const ready: Ready[] = []
    for (const job of fitting) {
      const path = changed.get(job)
      if (path !== undefined) keepHeld(context, job, { kind: 'changed', path })
      else ready.push(...claim(context, job, report))
    }
    // They were admitted just now; only what a refusal teaches is new.
    const submitted = await submitMany(context, ready, { ...limits, admit: () => ({ kind: 'fits' }) })
    await noteDescriptions(context, submitted)
    for (const { job } of ready) if (context.ledger.job(job.id)?.held === null) dropEnvironment(context, job)
  })
}

function keepHeld(context: Context, job: Job, why: NonNullable<Job['held']>['why']): void {
  if (job.held === null) return
  const held = { ...job.held, why, tried: context.now() }
  context.ledger.holdAgain(job.id, held)
}

/** Takes the job; nothing where somebody else has, or where its environment is gone. */
function claim(context: Context, job: Job, report: (report: Report) => void): readonly Ready[] {
  const { held, spec } = job
  const env = keptEnvironment(context, job)
  if (held === null || env === null) return []
  if (!claimHeld(context, job)) return []
  const folder = jobFolder(context, job.token)
  return [
    {
      job,
      words: held.words,
      cwd: join(spec.altDir ?? context.dataset.root, spec.pwd),
      env,
      stdinFile: spec.script !== null && spec.script.path === null ? join(folder, 'script') : null,
      wish: held.wish,
      checkOutputs: true,
      report: (one) => report({ ...one, facts: { ...jobFacts(job), ...one.facts } }),
      show: () => {},
    },
  ]
}

/** The first script or input of each job that is not what it was; by one look at each file. */
async function whatChanged(context: Context, jobs: readonly Job[]): Promise<ReadonlyMap<Job, string>> {
  const { root } = context.dataset
  const ofOthers = jobs.flatMap(({ spec }) => (spec.script?.own ? [] : (spec.script ?? [])))
  const scripts = ofOthers.flatMap(({ path }) => path ?? [])
  // One that is gone keeps its own jobs back alone.
  const there = [...new Set(scripts)]
    .map((path) => absolute(root, path))
    .filter((file) => isReadableFile(file))
  const blobs = await hashFiles(context.dataset, there)
  // What was copied elsewhere at submission has no more to do with what lies here.
  const here = jobs.filter(({ spec }) => spec.altDir === undefined)
  const paths = [...new Set(here.flatMap(({ spec }) => spec.identities.map(({ path }) => path)))]
  const now = await identify(context, paths)
  const current = new Map(now.ok ? now.value.map((one) => [one.path, one]) : [])
  const changed = new Map<Job, string>()
  for (const job of jobs) {
    const { script, identities, altDir } = job.spec
    const scriptPath = script?.own ? null : (script?.path ?? null)
    if (scriptPath !== null && (!blobs.ok || blobs.value.get(absolute(root, scriptPath)) !== script?.blob)) {
      changed.set(job, scriptPath)
      continue
    }
    const input = identities.find((then) => {
      const one = current.get(then.path)
      return altDir === undefined && (one === undefined || !isSame(one, then))
    })
    if (input !== undefined) changed.set(job, input.path)
  }
  return changed
}

function absolute(root: string, path: string): string {
  return path.startsWith('/') ? path : join(root, path)
}

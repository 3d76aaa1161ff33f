import type { EpochSeconds } from '../contract/ids.ts'
import type {
  BatchScheduler,
  CancelOutcome,
  HeldSubmission,
  JobReference,
  ProcessIdentity,
} from '../contract/scheduler.ts'
import { ownAnswers, sharedAnswers } from './answers.ts'
import type { SharingSettings } from './ask-together.ts'
import { belongs } from './belongs.ts'
import { cancelJobs } from './cancel.ts'
import { askConfig } from './config.ts'
import { controllerMemory } from './controller-memory.ts'
import type { SlurmConfig } from './config.ts'
import { failureLine } from './failure.ts'
import { findToken } from './find-token.ts'
import { askLimits, noLimits, type UserLimits } from './limits.ts'
import { lookAt } from './look.ts'
import { together } from './look-together.ts'
import { memberOutcome, searchMembers } from './members.ts'
import type { QuerySettings } from './query.ts'
import { askQueue } from './queue.ts'
import { environmentFacts } from './scontrol.ts'
import type { JobRecord } from './scontrol.ts'
import { releaseJobs } from './release.ts'
import { idToShow, recordsOfJobs } from './show-jobs.ts'
import { isWide, roomBeside } from './room.ts'
import { holdSubmission, holdSubmissions } from './submit.ts'
import { readTrace } from './witnesses.ts'

/** What the room needs from outside. */
export interface SlurmSettings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => EpochSeconds
  /** The name that Slurm knows us by. */
  readonly user: string
  /** Seconds one question to Slurm may take; 30 unless said. */
  readonly deadline?: number
  /** How this process shares looks with others of its user; absent: not. */
  readonly sharing?: Sharing
}

/** Where processes of one user meet, and who this one is. */
export interface Sharing {
  /** The user's own folder on this host (`runtimeFolder`), or null where there is none. */
  readonly folder: () => string | null
  readonly self: ProcessIdentity
  readonly sleep: (seconds: number) => Promise<void>
}

/** Seconds for which one process believes what it was told of limits. */
const limitsAge = 600

/** Where no limit is near, a look of so many seconds ago tells as much about the room there is as one of now. */
const roomAge = 1

/** Slurm's default when slurmctld does not say (slurm.conf(5), MessageTimeout). */
const usualMessageTimeout = 10

/** Slurm as a scheduler. Nothing is asked before it is needed, and the configuration once. */
export function slurmScheduler(settings: SlurmSettings): BatchScheduler {
  const asking: QuerySettings = { env: settings.env, deadline: settings.deadline ?? 30 }
  const config = onceAnswered(async () => {
    const answer = await askConfig(asking)
    return answer.ok ? answer.value : null
  })
  const minJobAge = async (): Promise<number | null> => (await config())?.minJobAge ?? null
  const controller = controllerMemory(settings.now)
  const whole = { ...asking, ...sharingOf(settings), minJobAge, controller, user: settings.user }

  let asked: { readonly at: EpochSeconds; readonly limits: UserLimits } | null = null
  /** When this process last gave Slurm a job: what the queue said before does not count it. */
  let submittedAt: EpochSeconds = 0
  let hasWideRoom = false

  /** Limits change rarely, and slurmdbd has better things to do. */
  const limitsOf = async (cluster: string | null): Promise<UserLimits> => {
    if (asked === null || settings.now() - asked.at > limitsAge)
      asked = { at: settings.now(), limits: await askLimits(asking, settings.user, cluster) }
    return asked.limits
  }

  /** Jobs by the cluster to be named in questions: the default one is not named, since that would ask slurmdbd. */
  const byCluster = async (
    jobs: readonly JobReference[],
  ): Promise<ReadonlyMap<string | null, readonly JobReference[]>> => {
    const named = jobs.some((job) => job.cluster !== null)
    const home = named ? ((await config())?.clusterName ?? null) : null
    return Map.groupBy(jobs, (job) => (job.cluster === home ? null : job.cluster))
  }

  return {
    kind: 'slurm',
    hold: async (request) => {
      const held = await holdSubmission(request)
      const go: HeldSubmission['go'] = async (onId) => {
        const since = settings.now()
        const outcome = await held.go(onId)
        submittedAt = settings.now()
        if (request.submitsItself)
          return memberOutcome(whole, { token: request.token, since, folder: request.folder })
        // `sbatch --quiet` says no id, and two ids say none.
        if (outcome.kind !== 'unknown' || outcome.exitCode !== 0) return outcome
        const search = await findToken(whole, request.token, since, request.folder)
        if (search.kind !== 'found') return outcome
        const { id, cluster } = search
        onId?.(id, cluster)
        return { ...outcome, kind: 'submitted', id, cluster, exitCode: 0 }
      }
      return { ...held, go }
    },
    holdMany: async (requests) => {
      const held = await holdSubmissions(requests)
      const go: typeof held.go = async () => {
        const outcomes = await held.go()
        submittedAt = settings.now()
        return outcomes
      }
      return { ...held, go }
    },
    room: async () => {
      const since = hasWideRoom ? Math.max(settings.now() - roomAge, submittedAt) : settings.now()
      const [queue, [known, limits]] = await Promise.all([
        askQueue(whole, [settings.user], null, { since, meanwhile: 'last' }),
        config().then(async (is) => {
          const holds = is?.enforcesLimits !== false
          return [is, holds ? await limitsOf(is?.clusterName ?? null) : noLimits] as const
        }),
      ])
      const rows = queue.answer.ok ? queue.answer.value.map(({ row }) => row) : []
      hasWideRoom = isWide(rows, limits, known)
      return roomBeside(rows, limits, known)
    },
    look: async (jobs, options) => {
      const looks = []
      for (const [cluster, group] of await byCluster(jobs)) {
        looks.push(await lookAt(whole, group, cluster, options))
      }
      return together(looks)
    },
    findToken: (token, since, folder, user) => {
      // Nothing is lost when it is looked for again by the next command.
      const asUser = { ...whole, user, meanwhile: 'nothing' as const }
      return readTrace(folder).submitsItself
        ? searchMembers(asUser, { token, since, folder })
        : findToken(asUser, token, since, folder)
    },
    settleSeconds: async () => ((await config())?.messageTimeout ?? usualMessageTimeout) + 1,
    describe: async (jobs) => {
      const described = new Map<JobReference, JobRecord>()
      for (const [cluster, group] of await byCluster(jobs)) {
        const records = await controller(asking, group.map(idToShow), cluster)
        for (const [job, record] of recordsOfJobs(group, records.ok ? records.value : []))
          described.set(job, environmentFacts(record))
      }
      return jobs.map((job) => described.get(job) ?? null)
    },
    release: async (jobs) => {
      for (const [cluster, group] of await byCluster(jobs)) {
        const outcome = await releaseJobs(asking, group, cluster)
        if (outcome.kind === 'failed') return outcome
      }
      return { kind: 'released' }
    },
    cancel: async (jobs, onWait) => {
      const outcomes = new Map<JobReference, CancelOutcome>()
      for (const [cluster, group] of await byCluster(jobs)) {
        for (const [job, outcome] of await cancelOn({ ...whole, onWait }, group, cluster))
          outcomes.set(job, outcome)
      }
      return jobs.map((job) => outcomes.get(job) ?? { kind: 'failed', message: 'not asked' })
    },
  }
}

/** Ends only what the queue shows to be ours: an id alone might by now be another job's. */
async function cancelOn(
  asking: SharingSettings,
  jobs: readonly JobReference[],
  cluster: string | null,
): Promise<ReadonlyMap<JobReference, CancelOutcome>> {
  const { answer: queue } = await askQueue(asking, [...new Set(jobs.map((job) => job.user))], cluster)
  if (!queue.ok) {
    const message = failureLine(queue.failure)
    return new Map(jobs.map((job) => [job, { kind: 'failed', message }]))
  }
  const ours = jobs.filter((job) =>
    queue.value.some(
      ({ row, comment }) => row.job === job.id && belongs(job, { submitted: row.submitted, words: comment }),
    ),
  )
  const outcomes = await cancelJobs(asking, ours, cluster)
  // Whoever looks from now on sees what came of it.
  if (ours.length > 0) asking.answers().clear(asking.now())
  return new Map(jobs.map((job) => [job, outcomes[ours.indexOf(job)] ?? { kind: 'already-over' }] as const))
}

function sharingOf({
  now,
  sharing,
}: SlurmSettings): Pick<SharingSettings, 'now' | 'sleep' | 'host' | 'answers'> {
  const own = ownAnswers()
  if (sharing === undefined) return { now, sleep: pause, host: '', answers: () => own }
  const { folder, self, sleep } = sharing
  const answers: SharingSettings['answers'] = () => {
    const place = folder()
    return place === null ? own : sharedAnswers(place, self)
  }
  return { now, sleep, host: self.host, answers }
}

async function pause(seconds: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, seconds * 1000))
}

/** Asks until there is an answer, and then never again. */
function onceAnswered(ask: () => Promise<SlurmConfig | null>): () => Promise<SlurmConfig | null> {
  let known: SlurmConfig | null = null
  return async () => {
    known ??= await ask()
    return known
  }
}

import { parseIndices } from '../contract/index-set.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { Admission, QueueWish, Room, Row } from '../contract/scheduler.ts'
import type { SlurmConfig } from './config.ts'
import type { UserLimits } from './limits.ts'

type Full = Extract<Admission, { kind: 'full' | 'never' }>['why']

/** One limit and what counts against it. */
interface Scope {
  readonly why: Full & { readonly most: number }
  used: number
  readonly counts: (job: Place) => boolean
}

/** Where a job is, or would be, accounted for. */
interface Place {
  readonly account: string | null
  readonly qos: string | null
  readonly partition: string | null
}

/**
 * The room that limits leave beside the jobs that the user has in the queue already, whoever submitted them. Jobs and array
 * tasks count alike, as Slurm counts them. First come, first served: once a job did not fit, none of its kind behind it
 * does, or large arrays would wait for ever.
 */
export function roomBeside(
  rows: readonly Row[],
  limits: UserLimits,
  config: Pick<SlurmConfig, 'maxArraySize' | 'maxJobCount' | 'enforcesLimits'> | null,
): Room {
  const waiting = rows.filter((row) => phaseOf(row.state) !== 'over')
  const scopes = config?.enforcesLimits === false ? [] : scopesOf(limits)
  for (const row of waiting) {
    const place = placeOf(row)
    for (const scope of scopes) if (scope.counts(place)) scope.used += tasksOf(row)
  }
  // Those that are over count until slurmctld forgets them.
  let inMemory = tasksIn(rows)
  const full = new Map<string, Full>()
  const never = (limit: string, most: number): Admission => ({
    kind: 'never',
    why: { kind: 'limit', limit, of: '', most },
  })
  return {
    admit: (wish) => {
      const { maxArraySize, maxJobCount } = config ?? { maxArraySize: null, maxJobCount: null }
      if (maxArraySize !== null && (wish.highestIndex ?? 0) >= maxArraySize)
        return never('MaxArraySize', maxArraySize)
      if (maxJobCount !== null && wish.tasks >= maxJobCount) return never('MaxJobCount', maxJobCount)
      const place = wanted(wish, limits)
      const key = keyOf(place)
      const before = full.get(key)
      const own = scopes.filter((scope) => scope.counts(place))
      const impossible = own.find(({ why }) => wish.tasks > why.most)
      if (impossible !== undefined) return { kind: 'never', why: impossible.why }
      if (before !== undefined) return { kind: 'full', why: before }
      const crowded =
        own.find(({ used, why }) => used + wish.tasks > why.most)?.why ??
        (maxJobCount !== null && inMemory + wish.tasks >= maxJobCount
          ? ({ kind: 'limit', limit: 'MaxJobCount', of: '', most: maxJobCount } as const)
          : undefined)
      if (crowded !== undefined) {
        full.set(key, crowded)
        return { kind: 'full', why: crowded }
      }
      for (const scope of own) scope.used += wish.tasks
      inMemory += wish.tasks
      return { kind: 'fits' }
    },
    largest: (wish) => {
      const place = wanted(wish, limits)
      const own = scopes.filter((scope) => scope.counts(place)).map(({ why }) => why.most)
      const { maxArraySize, maxJobCount } = config ?? { maxArraySize: null, maxJobCount: null }
      return Math.max(1, Math.min(maxArraySize ?? Infinity, (maxJobCount ?? Infinity) - 1, ...own))
    },
    refused: (wish, limit) => {
      const place = wanted(wish, limits)
      const of = place.qos !== null && /QOS/.test(limit) ? `QOS ${place.qos}` : ownerOf(place)
      const why: Full = { kind: 'limit', limit, of, most: null }
      full.set(keyOf(place), why)
      return why
    },
  }
}

/** Whether no limit is near, so that what others submit within a moment does not matter. */
export function isWide(
  rows: readonly Row[],
  limits: UserLimits,
  config: Pick<SlurmConfig, 'maxJobCount' | 'enforcesLimits'> | null,
): boolean {
  const isLimited = config?.enforcesLimits !== false && scopesOf(limits).length > 0
  return !isLimited && config !== null && tasksIn(rows) < (config.maxJobCount ?? 0) / 2
}

function scopesOf(limits: UserLimits): Scope[] {
  const ofAccounts = limits.associations.flatMap(({ account, partition, maxSubmitJobs }): Scope[] => {
    if (maxSubmitJobs === null) return []
    const of = partition === '' ? `account ${account}` : `account ${account} in partition ${partition}`
    // Beside an association for a partition, the one for all holds for the others alone.
    const special = limits.associations.filter((one) => one.account === account && one.partition !== '')
    return [
      {
        why: { kind: 'limit', limit: 'MaxSubmitJobs', of, most: maxSubmitJobs },
        used: 0,
        counts: (job) =>
          job.account === account &&
          (partition === ''
            ? !special.some((one) => one.partition === job.partition)
            : job.partition === partition),
      },
    ]
  })
  const ofQos = [...limits.perUser].map(([name, most]): Scope => ({
    why: { kind: 'limit', limit: 'MaxSubmitJobsPerUser', of: `QOS ${name}`, most },
    used: 0,
    counts: ({ qos }) => qos === name,
  }))
  return [...ofAccounts, ...ofQos]
}

function placeOf({ facts }: Row): Place {
  return {
    account: facts.account ?? null,
    qos: facts.qos ?? null,
    partition: facts.partition ?? null,
  }
}

/** Where a job would be accounted for, with what accounting takes where nothing is said. */
function wanted(wish: Pick<QueueWish, 'account' | 'qos' | 'partition'>, limits: UserLimits): Place {
  const account = wish.account ?? limits.defaultAccount
  const own = limits.associations.filter((one) => one.account === account)
  const association = own.find((one) => one.partition === wish.partition) ?? own[0]
  return { account, partition: wish.partition, qos: wish.qos ?? association?.defaultQos ?? 'normal' }
}

function tasksIn(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + tasksOf(row), 0)
}

function tasksOf({ folded }: Row): number {
  return folded === null ? 1 : parseIndices(folded).length
}

function keyOf({ account, qos, partition }: Place): string {
  return [account, qos, partition].join('\0')
}

function ownerOf({ account }: Place): string {
  return account === null ? '' : `account ${account}`
}

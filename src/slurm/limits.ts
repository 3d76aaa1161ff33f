import type { QuerySettings } from './query.ts'
import { query } from './query.ts'

/** What one of the user's associations allows. */
interface Association {
  readonly account: string
  /** Empty: of all partitions. */
  readonly partition: string
  readonly maxSubmitJobs: number | null
  readonly defaultQos: string | null
}

/** What accounting allows a user on one cluster: jobs and array tasks in the queue. Unknown parts are empty. */
export interface UserLimits {
  readonly associations: readonly Association[]
  readonly defaultAccount: string | null
  /** MaxSubmitJobsPerUser by QOS. */
  readonly perUser: ReadonlyMap<string, number>
}

/** No limits, as far as is known. */
export const noLimits: UserLimits = { associations: [], defaultAccount: null, perUser: new Map() }

/** Asks accounting (`sacctmgr`) what it allows a user. What it does not answer limits nothing: sbatch will say. */
export async function askLimits(
  settings: QuerySettings,
  user: string,
  cluster: string | null,
): Promise<UserLimits> {
  const where = cluster === null ? [] : [`cluster=${cluster}`]
  const [associations, qos, account] = await Promise.all([
    show(settings, [
      'assoc',
      'where',
      `user=${user}`,
      ...where,
      'format=Account,Partition,MaxSubmitJobs,DefaultQOS',
    ]),
    show(settings, ['qos', 'format=Name,MaxSubmitJobsPerUser']),
    show(settings, ['user', 'where', `name=${user}`, 'format=DefaultAccount']),
  ])
  return {
    associations: associations.map(([name = '', partition = '', most = '', defaultQos = '']) => ({
      account: name,
      partition,
      maxSubmitJobs: count(most),
      defaultQos: defaultQos === '' ? null : defaultQos,
    })),
    defaultAccount: account[0]?.[0] ?? null,
    perUser: new Map(
      qos.flatMap(([name = '', most = '']) => {
        const limit = count(most)
        return limit === null ? [] : [[name, limit] as const]
      }),
    ),
  }
}

/** The fields of each line of `sacctmgr -nP show …`. */
async function show(
  settings: QuerySettings,
  what: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const answer = await query(settings, 'sacctmgr', ['-n', '-P', 'show', ...what])
  if (!answer.ok) return []
  return answer.value.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('|'))
}

function count(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null
}

import type { EpochSeconds, JobToken, SchedulerJobId } from '../contract/ids.ts'
import type { Member, Row, SubmitOutcome, TokenSearch } from '../contract/scheduler.ts'
import { askAccounting } from './accounting.ts'
import { tokenIn } from './belongs.ts'
import { memberOf, readCalls, type Call } from './calls.ts'
import { describeMembers } from './describe-members.ts'
import { findOn, type TokenSettings } from './find-token.ts'
import { askQueue } from './queue.ts'
import { idsIn, isDoubtful, isRefusal, type PrintedId } from './submit-outcome.ts'
import { readEnd } from './witnesses.ts'

/** The jobs of a command that submits by itself, and why there may be more. */
interface MemberSearch {
  /** In the order of submission, as far as it is known. */
  readonly members: readonly Member[]
  /** `absent`: each call of sbatch is accounted for; else what could not be found out. */
  readonly rest: Exclude<TokenSearch, { kind: 'found' }>
}

/** A submission whose members are looked for. */
interface MemberQuestion {
  readonly token: JobToken
  /** When the command was started. */
  readonly since: EpochSeconds
  readonly folder: string
}

/**
 * Puts together what three witnesses know: the calls that went through our sbatch, the ids that the command printed (its
 * sbatch may have been another), and the token in the queue and in accounting, for calls whose answer was lost, where
 * those are sought.
 */
async function findMembers(
  settings: TokenSettings,
  question: MemberQuestion,
  isSought: (call: Call) => boolean = () => true,
): Promise<MemberSearch> {
  const { folder } = question
  const calls = readCalls(folder)
  if (calls === null) {
    const message = `what its calls of sbatch noted cannot be read (${folder}/calls)`
    return { members: [], rest: { kind: 'unanswered', message } }
  }
  const seen = calls.flatMap((call) => (call.printed === null ? [] : [memberOf(call, call.printed)]))
  const members = new Map(seen.map((member) => [member.id, member]))
  for (const member of await printedMembers(settings, question, members)) members.set(member.id, member)

  const { stderr } = readEnd(folder)
  const lost = calls.filter((call) => isLost(call, stderr) && isSought(call))
  if (lost.length === 0) return { members: [...members.values()], rest: { kind: 'absent' } }
  const search = await searchLost(settings, question, lost)
  const found = search.jobs.filter(({ id }) => !members.has(id))
  const [call, ...others] = lost
  const [job, ...more] = found
  const late =
    call !== undefined && job !== undefined && others.length === 0 && more.length === 0
      ? [memberOf(call, job)]
      : await describeMembers(settings, found, question.since)
  for (const member of late) members.set(member.id, member)
  const all = [...members.values()].toSorted((a, b) => Number(a.id) - Number(b.id))
  return { members: all, rest: search.rest }
}

/** What came of a command that has ended. */
export async function memberOutcome(
  settings: TokenSettings,
  question: MemberQuestion,
): Promise<SubmitOutcome> {
  // A controller that has just failed to answer would keep everybody waiting: what it has is looked for later.
  const { members, rest } = await findMembers(settings, question, (call) => call.exitCode === 0)
  const { exitCode, stdout, stderr } = readEnd(question.folder)
  const [first] = members
  if (first !== undefined) {
    const { id, cluster } = first
    // Whoever waited for the command was killed before it ended.
    return { kind: 'submitted', id, cluster, members, stdout, stderr, exitCode: exitCode ?? 1 }
  }
  // Absent once is not yet absent: an answer may have been lost on a slow way.
  const lost = (readCalls(question.folder) ?? []).some((call) => isLost(call, stderr))
  const sure = exitCode !== null && rest.kind === 'absent' && !lost && !isDoubtful(stderr)
  if (!sure) return { kind: 'unknown', stdout, stderr, exitCode }
  return { kind: exitCode === 0 ? 'no-job' : 'refused', stdout, stderr, exitCode }
}

/** Looks again for the jobs of a submission that nobody waits for any more. */
export async function searchMembers(settings: TokenSettings, question: MemberQuestion): Promise<TokenSearch> {
  const { members, rest } = await findMembers(settings, question)
  const [first] = members
  if (first === undefined) return rest
  const { id, cluster, submittedAt } = first
  return { kind: 'found', id, cluster, submittedAt, members }
}

/** Whether a job may have come of a call that said no id. */
function isLost({ printed, exitCode, line }: Call, stderr: string): boolean {
  if (printed !== null || (line.submitsNothing && line.unknown.length === 0)) return false
  return exitCode === null || exitCode === 0 || !isRefusal(stderr, exitCode)
}

/**
 * Ids on the command's own output that no call of our sbatch told. It may have printed those of older jobs, or have called
 * us for them: what Slurm shows counts when it is the user's, submitted since, and carries no token of another submission.
 * A number that stands alone may be anything: it counts only when Slurm shows it so.
 */
async function printedMembers(
  settings: TokenSettings,
  { token, since, folder }: MemberQuestion,
  known: ReadonlyMap<SchedulerJobId, Member>,
): Promise<readonly Member[]> {
  const { stdout } = readEnd(folder)
  const { spoken, bare } = idsIn(stdout.slice(0, stdout.lastIndexOf('\n') + 1))
  const claimed = new Set(spoken.map(({ id }) => id))
  const unseen = new Map([...bare, ...spoken].filter(({ id }) => !known.has(id)).map((one) => [one.id, one]))
  const real: PrintedId[] = []
  for (const [cluster, printed] of Map.groupBy(unseen.values(), (one) => one.cluster)) {
    const shown = await rowsOf(
      settings,
      printed.map(({ id }) => id),
      cluster,
    )
    const isOurs = ({ row, words }: Shown): boolean => {
      const theirToken = tokenIn(words)
      if (theirToken !== null) return theirToken === token
      const isTheirs = row.user === null || row.user === settings.user
      return isTheirs && (row.submitted ?? 0) >= Math.floor(since) - clockSlack
    }
    for (const one of printed) {
      const own = shown.filter(({ row }) => row.job === one.id)
      // sbatch's own sentence is believed where nobody can tell.
      if (own.length === 0 ? claimed.has(one.id) : own.some(isOurs)) real.push(one)
    }
  }
  return real.length === 0 ? [] : describeMembers(settings, real, since)
}

/** Clocks of a login node and its controller may differ by so many seconds. */
const clockSlack = 60

/** A job as a witness shows it; `words` hold its comment or the line that submitted it. */
interface Shown {
  readonly row: Row
  readonly words: string
}

/** All that bear one of these ids, those of old jobs and of other users too. */
async function rowsOf(
  settings: TokenSettings,
  ids: readonly SchedulerJobId[],
  cluster: string | null,
): Promise<readonly Shown[]> {
  const { answer: queue } = await askQueue(settings, [settings.user], cluster)
  const queued = (queue.ok ? queue.value : []).map(({ row, comment }) => ({ row, words: comment }))
  const rest = ids.filter((id) => !queued.some(({ row }) => row.job === id))
  if (rest.length === 0) return queued
  const accounting = await askAccounting(settings, rest, cluster, 'states')
  const past = accounting.ok ? accounting.value : []
  return [...queued, ...past.map(({ row, submitLine }) => ({ row, words: submitLine }))]
}

/** Looks for the jobs of calls whose answer was lost, by the token that went with them. */
async function searchLost(
  settings: TokenSettings,
  { token, since }: MemberQuestion,
  lost: readonly Call[],
): Promise<{ readonly jobs: readonly PrintedId[]; readonly rest: MemberSearch['rest'] }> {
  const jobs: PrintedId[] = []
  const marked = lost.filter((call) => call.marked)
  let rest: MemberSearch['rest'] =
    marked.length === lost.length
      ? { kind: 'absent' }
      : {
          kind: 'unanswered',
          message:
            'an sbatch with a comment of its own, or with options Waybill does not know, gave no answer',
        }
  const ownComment = marked.some(({ line }) => line.components[0].comment !== null)
  const clusters = marked.flatMap(({ line }): readonly (string | null)[] => line.clusters ?? [null])
  for (const cluster of new Set(clusters)) {
    const search = await findOn(settings, { token, since, cluster, ownComment, every: true })
    if (search.kind === 'found') jobs.push(...search.jobs)
    else if (search.kind === 'unanswered') rest = search
  }
  return { jobs, rest }
}

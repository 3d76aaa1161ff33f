import type { SchedulerJobId } from '../contract/ids.ts'
import type { SubmitOutcome } from '../contract/scheduler.ts'

/** What a submission's command left behind. */
export interface SubmitWitness {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
  /** Its words asked for no job (`--test-only`), as far as we understood all of them. */
  readonly submitsNothing: boolean
}

/** Weighs what sbatch said. An id is a job, whatever the exit code; only a known complaint is a refusal. */
export function submitOutcome(witness: SubmitWitness): SubmitOutcome {
  const { stdout, stderr, exitCode } = witness
  const printed = printedId(stdout)
  if (printed !== null) return { kind: 'submitted', ...printed, stdout, stderr, exitCode }
  if (exitCode === 0) {
    const kind = witness.submitsNothing || saysNoJob(stdout, stderr) ? 'no-job' : 'unknown'
    return { kind, stdout, stderr, exitCode }
  }
  if (!witness.submitsNothing && !isRefusal(stderr, exitCode))
    return { kind: 'unknown', stdout, stderr, exitCode }
  const limit = queueLimit(stderr)
  return { kind: 'refused', stdout, stderr, exitCode, ...(limit === null ? {} : { limit }) }
}

/** The limit on queued jobs that sbatch names before its verdict (slurm_errno.c, job_reason_string), or null. */
function queueLimit(stderr: string): string | null {
  return (
    /^sbatch: error: ((?:Assoc|QOS)(?:Max|Grp)SubmitJobs?(?:PerUser|PerAccount)?Limit)$/m.exec(stderr)?.[1] ??
    null
  )
}

/** Whether these words of sbatch's, with an exit code other than 0, are a complaint about the request and nothing else. */
export function isRefusal(stderr: string, exitCode: number): boolean {
  return !isDoubtful(stderr) && isComplaint(stderr, exitCode)
}

/**
 * All ids that a command's output names: `spoken` in sbatch's own sentence, `bare` as a line that is nothing but a number,
 * which may be anything.
 */
export function idsIn(stdout: string): {
  readonly spoken: readonly PrintedId[]
  readonly bare: readonly PrintedId[]
} {
  return {
    spoken: [...stdout.matchAll(spokenForm)].map(idOf),
    bare: [...stdout.matchAll(bareForm)].map(idOf),
  }
}

/** An id as sbatch printed it; `cluster` only where it was said. */
export interface PrintedId {
  readonly id: SchedulerJobId
  readonly cluster: string | null
}

const spokenForm = /^Submitted batch job (\d+)(?: on cluster (\S+))?[ \r]*$/gm
const bareForm = /^(\d+)(?:;(\S+))?\r?$/gm

function idOf(match: RegExpExecArray): PrintedId {
  return { id: match[1] as SchedulerJobId, cluster: match[2] ?? null }
}

/**
 * The id that sbatch printed, in any of its forms (`Submitted batch job 7 on cluster c`, `7;c`, `7`) and among other
 * output. Null when there is none, or when there are two: then the token decides.
 */
export function printedId(stdout: string): PrintedId | null {
  const { spoken, bare } = idsIn(stdout)
  const ids = spoken.length > 0 ? spoken : bare
  const [first] = ids
  return first === undefined || ids.some(({ id }) => id !== first.id) ? null : first
}

function saysNoJob(stdout: string, stderr: string): boolean {
  return /^(Usage: sbatch|slurm(-wlm)? \d)/m.test(stdout) || /^sbatch: Job \d+ to start at /m.test(stderr)
}

/** The request may have reached slurmctld, and its answer may have been lost. */
export function isDoubtful(stderr: string): boolean {
  return /timed out|Zero Bytes|\((send|receive|shutdown) failure\)|Message (send|receive) failure|missing socket|Connection (reset|closed)|Broken pipe|standby|Communication (connection|shutdown)/i.test(
    stderr,
  )
}

/**
 * slurmctld's own answers about a request (slurm_errno.c, 22.05), which it sends instead of accepting it. A connect
 * failure is among them: no connection was ever made, and so no request sent.
 */
const answers = new RegExp(
  `^(${[
    'Invalid ',
    'Requested ',
    'Required (node|partition)',
    'More processors requested',
    'Requested more tasks',
    '(Node count|CPU count|Job size|Task count|Task distribution|Time limit) specification',
    'Job (dependency|violates|--batch)',
    'No (partition specified|eligible clusters)',
    "User's group not permitted",
    'Access/permission denied',
    'Pathname of a file',
    'Immediate execution impossible',
    'Memory required by task',
    'Requires more ports',
    'Cannot request',
    'Burst Buffer',
    'Duplicate generic resource',
    'Multiple (partition|KNL)',
    'Only batch jobs are accepted',
    'Container (support|runtime) ',
    'Unable to create job record',
    // What a job_submit plugin's refusal is called.
    'Unspecified error',
    'Unable to contact slurm controller \\(connect failure\\)',
  ].join('|')})`,
  'i',
)

/** What sbatch finds wrong by itself, before it talks to anybody. */
const ownComplaints = [
  /^sbatch: (unrecognized option|invalid option|option.* (is ambiguous|requires an argument|doesn't allow))/m,
  /^sbatch: fatal: /m,
  /^sbatch: error: (Invalid|Unrecognized|Unable to open file|This does not look like a batch script)/m,
  /^sbatch: error: (Batch script|Script arguments not permitted|Could not open user environment file)/m,
  /^sbatch: error: (No cluster |'.*' can't be reached now, or it is an invalid entry|".*" is not a valid|unrecognized)/m,
]

function isComplaint(stderr: string, exitCode: number): boolean {
  const verdicts = [
    ...stderr.matchAll(/^(?:sbatch: error: Batch job submission failed|allocation failure): (.*)$/gm),
  ]
  const last = verdicts.at(-1)?.[1]
  if (last !== undefined) return answers.test(last)
  if ((exitCode === 127 || exitCode === 126) && /not found|permission denied|cannot execute/i.test(stderr))
    return true
  return ownComplaints.some((complaint) => complaint.test(stderr))
}

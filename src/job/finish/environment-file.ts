import { posix } from 'node:path'
import type { JobId, SchedulerJobId } from '../../contract/ids.ts'
import type { Context, Job } from '../context.ts'
import type { EndedJob } from './ended.ts'
import { logFiles, placeInDataset } from '../logs-plan.ts'
import { groupsOfMember, referencesTo } from '../members/members.ts'

/** `slurm-job-<id>.env.json`: where it stands in the dataset, and its content. */
export interface EnvironmentFile {
  readonly path: string
  readonly content: Buffer
}

/** Where the descriptions of each job stand in the work tree, by its number: one of each job of Slurm's. */
export type Environments = ReadonlyMap<JobId, readonly string[]>

/** Patterns that cover the descriptions of one job: of several in a folder, all there. */
export function environmentPatterns(paths: readonly string[]): readonly string[] {
  if (paths.length < 2) return paths
  return [...new Set(paths.map((path) => posix.join(posix.dirname(path), 'slurm-job-*.env.json')))]
}

/**
 * The files that describe Slurm jobs as scontrol did, in datalad-slurm's form (an object of texts, indented by two) and
 * place (beside the job's StdOut; the directory of submission where that lies outside the dataset). Other jobs have none.
 */
export async function environmentFiles(
  context: Context,
  jobs: readonly EndedJob[],
): Promise<ReadonlyMap<EndedJob, readonly EnvironmentFile[]>> {
  // An array that is recorded in parts has it in the first.
  const ofSlurm = jobs.filter(({ job }) => job.scheduler === 'slurm' && job.recorded.length === 0)
  if (ofSlurm.length === 0) return new Map()
  const references = ofSlurm.map(({ job }) => referencesTo(context, job))
  const now = await context.schedulers.slurm.describe(references.flat())
  const described = new Map(references.flat().map((reference, i) => [reference, now[i] ?? null]))
  return new Map(
    ofSlurm.map((ended, i) => [
      ended,
      (references[i] ?? []).map((reference) => {
        const { id } = reference
        const facts = described.get(reference) ?? lastDescription(context, ended.job, id)
        return environmentFile(context, ended, id, facts)
      }),
    ]),
  )
}

function environmentFile(
  context: Context,
  ended: EndedJob,
  id: SchedulerJobId,
  described: Readonly<Record<string, string>> | null,
): EnvironmentFile {
  const facts = withoutPlaces(context, complete(described ?? {}, ended, id))
  return {
    path: posix.join(folderOf(context, ended.job, id), `slurm-job-${id}.env.json`),
    content: Buffer.from(asciiJson(facts)),
  }
}

function folderOf(context: Context, job: Job, id: SchedulerJobId): string {
  const first = logFiles(job).find((log) => log.job === id && log.stream === 'stdout')?.place
  const path =
    first === undefined || first.kind === 'discarded'
      ? null
      : first.kind === 'path'
        ? first.path
        : first.pattern
  const inside = path === null ? null : placeInDataset(context.dataset.root, job.spec, path)
  return inside === null ? job.spec.pwd : posix.dirname(inside)
}

/** What scontrol said when it was last asked: the cluster may have forgotten the job since. */
function lastDescription(
  context: Context,
  job: Job,
  id: SchedulerJobId,
): Readonly<Record<string, string>> | null {
  const event = context.ledger.events(job.id).findLast(({ kind }) => kind === 'described')
  if (event === undefined) return null
  if (job.members.length === 0) return event.data as Readonly<Record<string, string>>
  return (event.data as Readonly<Record<string, Readonly<Record<string, string>>>>)[id] ?? null
}

/** Brings what changed after scontrol's last word up to date, from accounting. */
function complete(
  described: Readonly<Record<string, string>>,
  { job, evidence }: EndedJob,
  id: SchedulerJobId,
): Readonly<Record<string, string>> {
  const [first] = groupsOfMember(job, evidence, id)
  const state = described['JobState']
  if (
    first === undefined ||
    (state !== undefined && !['PENDING', 'RUNNING', 'CONFIGURING', 'COMPLETING'].includes(state))
  ) {
    return described
  }
  const { facts } = evidence
  const how = {
    ...described,
    JobState: first.state,
    ...(first.exit === null ? {} : { ExitCode: `${first.exit.code}:${first.exit.signal}` }),
  }
  // Of several jobs, times and places are known only of all together.
  if (job.members.length > 1) return how
  return {
    ...how,
    ...(evidence.started === null ? {} : { StartTime: slurmTime(evidence.started) }),
    ...(evidence.ended === null ? {} : { EndTime: slurmTime(evidence.ended) }),
    ...(facts.elapsed_seconds === undefined ? {} : { RunTime: slurmDuration(facts.elapsed_seconds) }),
    ...(facts.node_list === undefined ? {} : { NodeList: facts.node_list }),
  }
}

/** A path often names a person: the dataset's own place becomes `.`, the home `~`. */
function withoutPlaces(
  context: Context,
  facts: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const home = context.env['HOME'] ?? ''
  const hide = (text: string): string => {
    const inside = replacePath(text, context.dataset.root, '.')
    return home.length > 1 ? replacePath(inside, home, '~') : inside
  }
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, hide(value)]))
}

function replacePath(text: string, path: string, by: string): string {
  return text
    .split(path)
    .reduce((done, rest) =>
      rest === '' || /^[/\s:;,]/.test(rest) ? `${done}${by}${rest}` : `${done}${path}${rest}`,
    )
}

/** `2025-02-18T09:31:47` in the local zone, as scontrol writes times. */
function slurmTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 19)
}

/** `1-02:03:04` or `00:00:07`, as scontrol writes durations. */
function slurmDuration(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const clock = new Date((seconds % 86_400) * 1000).toISOString().slice(11, 19)
  return days === 0 ? clock : `${days}-${clock}`
}

/** JSON as Python's `json.dump(value, indent=2)` writes it: without characters beyond ASCII. */
function asciiJson(value: Readonly<Record<string, string>>): string {
  return JSON.stringify(value, null, 2).replaceAll(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

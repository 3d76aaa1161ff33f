import { posix } from 'node:path'
import { jobName } from '../../contract/ids.ts'
import type { JobFacts } from '../../contract/job-facts.ts'
import { compactIndices, parseIndices } from '../../contract/index-set.ts'
import type { Json } from '../../provenance/python-json.ts'
import type { RunRecord } from '../../provenance/record.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import { stateTitle } from '../../provenance/title.ts'
import { groupsOfTasks } from '../arrays/array-part.ts'
import { factsOfTasks, onlyTasks, type TaskFacts } from '../arrays/task-facts.ts'
import { attemptJson, iso } from './attempt-json.ts'
import { splitFacts } from '../asset-facts.ts'
import type { Job } from '../context.ts'
import type { ArrayPart, ChildJobs } from './ended.ts'
import type { Evidence, Group } from '../evidence.ts'
import { groupsOfMember, schedulerJobs } from '../members/members.ts'
import type { InputIdentity } from '../spec.ts'

/** Version of what stands under `waybill` in a record; raised when a reader must know the difference. */
const recordVersion = 1

/** Above this many bytes of JSON, long lists go to a file that the record names: a commit message is read by people too. */
const longRecordBytes = 16_384

/** So many paths are named one by one where there are patterns for them. */
const mostPaths = 100

/** What the record of a job says, beside what the ledger knows. */
export interface RecordParts {
  readonly job: Job
  readonly evidence: Evidence
  /** Of an array that is not recorded as one: the tasks that this record is about. */
  readonly part: ArrayPart | null
  readonly version: string
  /** The scheduler's own files, relative to the root. */
  readonly slurmFiles: readonly string[]
  /** Glob patterns that cover `slurmFiles`, for when the list is too long. */
  readonly slurmPatterns: readonly string[]
  /** Of an array: names of its tasks' logs with `{task}` for the index, relative to the root. */
  readonly taskLogs?: readonly string[]
  /** Where the script's text lies in the commit when the tree itself does not hold it. */
  readonly scriptCopy: string | null
  /** Logs that stay outside the dataset. */
  readonly logsOutside: readonly string[]
  /** The declared outputs, one by one where that was asked for (`expandedOutputs`). */
  readonly outputs: readonly string[]
  /** Free text given at finish. */
  readonly message: string | null
  /** What the payload reported of itself. */
  readonly reported?: { readonly [key: string]: Json }
  /** How its checks came out. */
  readonly checks?: readonly Json[]
  /** The jobs that its payload submitted; `unreadable`: what it noted of them cannot be read. */
  readonly children?: ChildJobs | 'unreadable'
}

/** A record ready to be committed: its message's parts, and the file of its long lists where there is one. */
export interface BuiltRecord {
  readonly title: 'DATALAD SLURM RUN' | 'DATALAD RUNCMD'
  readonly text: string
  readonly record: RunRecord
  readonly lists: { readonly path: string; readonly content: Json } | null
}

/** Builds the record of an ended job in DataLad's form (see docs/records.md). */
export function buildRecord(parts: RecordParts): BuiltRecord {
  const { asset } = parts.job.spec
  const keys = asset === undefined ? null : splitFacts(asset).lists
  const full = assemble(parts, null)
  if (keys === null && Buffer.byteLength(JSON.stringify(full)) <= longRecordBytes) {
    return { title: parts.job.spec.title, text: textOf(parts), record: full, lists: null }
  }
  const path = `.waybill/records/${parts.job.token}${parts.job.recorded.length === 0 ? '' : `-${parts.job.recorded.length}`}.json`
  const content = {
    inputs: identitiesOf(parts),
    slurm_outputs: parts.slurmFiles,
    tasks: tasksOf(parts.evidence.groups),
    ...taskFactsHere(parts),
    ...(parts.job.members.length === 0 ? {} : { jobs: membersOf(parts) }),
    ...(keys === null ? {} : { asset: { ...keys } }),
    ...(hasManyChecks(parts) ? { checks: parts.checks ?? [] } : {}),
    ...(isTold(parts.children) ? { children: childLists(parts.children) } : {}),
  }
  return {
    title: parts.job.spec.title,
    text: textOf(parts),
    record: assemble(parts, path),
    lists: { path, content },
  }
}

function assemble(parts: RecordParts, listsPath: string | null): RunRecord {
  const { job } = parts
  const { spec } = job
  const relative = (path: string): string =>
    path.startsWith('/') ? path : posix.relative(spec.pwd, path) || '.'
  const slurm = listsPath === null ? parts.slurmFiles : parts.slurmPatterns
  const outputs = orPatterns(parts.outputs, spec.patterns?.outputs)
  const common = {
    chain: spec.chain,
    cmd: spec.cmd,
    commit_id: spec.commit,
    ...(spec.dsid === null ? {} : { dsid: spec.dsid }),
    extra_inputs: spec.extraInputs.map(relative),
    inputs: orPatterns(spec.inputs, spec.patterns?.inputs).map(relative),
    pwd: spec.pwd,
    waybill: ownFacts(parts, listsPath),
  }
  if (spec.title === 'DATALAD RUNCMD') {
    return { ...common, exit: exitOf(groupsHere(parts)), outputs: outputs.map(relative) }
  }
  return {
    ...common,
    alt_dir: spec.altDir ?? '',
    outputs: [...new Set([...outputs, ...slurm])],
    slurm_job_id: Number(job.schedulerId),
    // There they are told from the alternative directory, which stands for the root.
    slurm_outputs: spec.altDir === undefined ? slurm.map(relative) : slurm,
  }
}

/** Paths as a record names them: one by one, or by patterns where they are too many and those are known. */
function orPatterns(paths: readonly string[], patterns: readonly string[] = paths): readonly string[] {
  return paths.length > mostPaths ? patterns : paths
}

function ownFacts(parts: RecordParts, listsPath: string | null): { readonly [key: string]: Json } {
  const { job, evidence } = parts
  const { spec } = job
  const groups = groupsHere(parts)
  const [only] = groups
  const templates = parts.part?.templates ?? spec.taskOutputs ?? []
  return {
    version: parts.version,
    record_version: recordVersion,
    job: jobName(job.id),
    token: job.token,
    scheduler: job.scheduler,
    state: overallState(groups),
    ...(groups.length === 1 && only?.exit
      ? { exit_code: only.exit.code, exit_signal: only.exit.signal }
      : {}),
    ...(job.cluster === null ? {} : { cluster: job.cluster }),
    ...recordedFacts(factsHere(parts)),
    submitted: iso(job.submittedAt),
    started: iso(evidence.started),
    ended: iso(evidence.ended),
    accounting: evidence.accounting,
    ...(evidence.assumed === undefined ? {} : { assumed: evidence.assumed, assumed_by: 'the committer' }),
    ...(spec.parts.kind === 'single' ? {} : tasksHere(evidence, listsPath)),
    ...(job.members.length === 0 || listsPath !== null ? {} : { jobs: membersOf(parts) }),
    ...(parts.part === null ? {} : { recorded_tasks: parts.part.tasks }),
    ...(listsPath === null ? taskFactsHere(parts) : {}),
    ...(evidence.attempts.length === 0 ? {} : { attempts: evidence.attempts.map(attemptJson) }),
    ...(spec.array === null ? {} : { array: spec.array }),
    ...(templates.length === 0 ? {} : { task_outputs: templates }),
    ...(parts.taskLogs?.length ? { task_logs: parts.taskLogs } : {}),
    // In a RUNCMD DataLad has no key for it.
    ...(spec.altDir !== undefined && spec.title === 'DATALAD RUNCMD' ? { alt_dir: spec.altDir } : {}),
    ...(spec.container === undefined ? {} : { container: spec.container }),
    ...(spec.asset === undefined ? {} : { asset: { ...splitFacts(spec.asset).short } }),
    ...parts.reported,
    ...checksHere(parts, listsPath),
    ...(parts.children === undefined ? {} : { children: childrenJson(parts.children, listsPath) }),
    ...(spec.script === null ? {} : { script: scriptJson(parts) }),
    ...(listsPath === null ? { inputs: identitiesOf(parts) } : { lists: listsPath }),
    ...(spec.differed.length === 0 ? {} : { differed: spec.differed }),
    ...(parts.logsOutside.length === 0 ? {} : { logs_outside: parts.logsOutside }),
  }
}

/** How that part of the job ended which the record is about. */
function groupsHere({ evidence, part }: RecordParts): readonly Group[] {
  return groupsOfTasks(evidence.groups, part?.tasks ?? null)
}

/** What a scheduler measured, as a record says it: without places, which often name a person. */
export function recordedFacts(all: JobFacts): { readonly [key: string]: Json } {
  const { stdout: _stdout, stderr: _stderr, work_dir: _workDir, ...facts } = all
  return facts
}

/** Facts of the tasks that the record is about: those of others stand in their own. */
function factsHere({ evidence, part }: RecordParts): JobFacts {
  return part === null
    ? evidence.facts
    : factsOfTasks(evidence.facts, evidence.tasks, parseIndices(part.tasks))
}

function taskFactsHere({ evidence: { tasks }, part }: RecordParts): { readonly task_facts?: TaskFacts } {
  const own = tasks === undefined || part === null ? tasks : onlyTasks(tasks, parseIndices(part.tasks))
  return own === undefined || own === null ? {} : { task_facts: own }
}

function scriptJson(parts: RecordParts): Json {
  const script = parts.job.spec.script
  if (script === null) return null
  return {
    blob: script.blob,
    ...(script.path === null ? { from: 'standard input' } : { path: script.path }),
    ...(parts.scriptCopy === null ? {} : { copy: parts.scriptCopy }),
  }
}

function identitiesOf(parts: RecordParts): readonly Json[] {
  return parts.job.spec.identities.map((identity: InputIdentity) => ({ ...identity }))
}

/** One line a group, as in `0-97 COMPLETED` and `98 FAILED 1:0`. */
function tasksOf(groups: readonly Group[]): readonly string[] {
  const told = (group: Group): string =>
    group.exit === null || group.state === 'COMPLETED'
      ? group.state
      : `${group.state} ${group.exit.code}:${group.exit.signal}`
  // Queue and accounting may have told of different tasks, each with details that are not told here.
  return [...Map.groupBy(groups, told)].map(([words, same]) => {
    const tasks = same.flatMap(({ parts }) => (parts === '' ? [] : parseIndices(parts)))
    return `${compactIndices(tasks.toSorted((a, b) => a - b))} ${words}`.trim()
  })
}

/** Mostly a line or two, which stay in the record; only a very mixed array's go to the file of lists. */
function tasksHere(evidence: Evidence, listsPath: string | null): { readonly tasks?: readonly string[] } {
  const tasks = tasksOf(evidence.groups)
  return listsPath !== null && tasks.join('').length > longRecordBytes / 4 ? {} : { tasks }
}

/** Mostly a few, which stay in the record; those of many keys go to the file of lists. */
function checksHere(parts: RecordParts, listsPath: string | null): { readonly checks?: readonly Json[] } {
  const { checks = [] } = parts
  return checks.length === 0 || (listsPath !== null && hasManyChecks(parts)) ? {} : { checks }
}

function hasManyChecks({ checks = [] }: RecordParts): boolean {
  return JSON.stringify(checks).length > longRecordBytes / 4
}

/** What its payload submitted took together, and each of these jobs where the record itself has room for it. */
function childrenJson(children: ChildJobs | 'unreadable', listsPath: string | null): Json {
  // Not available is not none.
  if (!isTold(children)) return null
  const { job, evidence } = children
  return {
    count: job.members.length,
    accounting: evidence.accounting,
    ...recordedFacts(evidence.facts),
    ...(listsPath === null ? childLists(children) : {}),
  }
}

function isTold(children: ChildJobs | 'unreadable' | undefined): children is ChildJobs {
  return children !== undefined && children !== 'unreadable'
}

function childLists(children: ChildJobs): { readonly [key: string]: Json } {
  const attempts = children.evidence.attempts.map(attemptJson)
  return { jobs: membersOf(children), ...(attempts.length === 0 ? {} : { attempts }) }
}

/** The jobs of a command that submitted by itself, in order. */
function membersOf({ job, evidence }: ChildJobs): readonly Json[] {
  return schedulerJobs(job).map(({ id, cluster, parts }) => {
    const groups = groupsOfMember(job, evidence, id)
    const [only] = groups
    return {
      slurm_job_id: Number(id),
      ...(cluster === null ? {} : { cluster }),
      state: overallState(groups),
      ...(groups.length === 1 && only?.exit
        ? { exit_code: only.exit.code, exit_signal: only.exit.signal }
        : {}),
      ...(parts.kind === 'single' ? {} : { tasks: tasksOf(groups) }),
    }
  })
}

function overallState(groups: readonly Group[]): string {
  const states = new Set(groups.map(({ state }) => state))
  const [only] = states
  return states.size === 1 && only !== undefined ? only : 'MIXED'
}

/** The exit code of a RUNCMD: that of the first part that did not end with 0. A signal counts as the shell's 128 + N. */
export function exitOf(groups: readonly Group[]): number {
  for (const { exit, state } of groups) {
    if (exit !== null && (exit.code !== 0 || exit.signal !== 0))
      return exit.signal > 0 ? 128 + exit.signal : exit.code
    if (exit === null && state !== 'COMPLETED') return 1
  }
  return 0
}

function textOf(parts: RecordParts): string {
  const { job } = parts
  const messages = [parts.message, job.spec.message].filter((text) => text !== null && text.trim() !== '')
  if (job.spec.title === 'DATALAD RUNCMD')
    return messages.length > 0 ? messages.join('\n\n') : oneLine(joinWords(job.spec.words))
  const title = `Slurm job ${job.schedulerId}: ${stateTitle(groupsHere(parts).map(({ state }) => state))}`
  const repeats = job.spec.repeats === null ? [] : [`Re-submission of job ${job.spec.repeats}.`]
  return [title, ...messages, ...repeats].join('\n\n')
}

/** DataLad's own default: the command as it was run, cut after 40 characters; here it stays one line. */
function oneLine(cmd: string): string {
  const characters = [...cmd.replaceAll(/\s+/g, ' ')]
  return characters.length > 40 ? `${characters.slice(0, 40).join('')}...` : characters.join('')
}

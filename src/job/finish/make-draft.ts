import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobToken } from '../../contract/ids.ts'
import type { CommitChange } from '../../dataset/commits.ts'
import { writeOwnFile } from '../../dataset/own-file.ts'
import type { RefusedFile, Stage, StagedFile } from '../../dataset/stage.ts'
import type { Entry } from '../../dataset/tree.ts'
import { pythonJson } from '../../provenance/python-json.ts'
import { writeMessage } from '../../provenance/message.ts'
import type { Collection } from './collect.ts'
import { jobFolder, type Context } from '../context.ts'
import type { Aside } from './aside.ts'
import { blocked, type Draft } from './draft.ts'
import type { EndedJob } from './ended.ts'
import { environmentPatterns, type Environments } from './environment-file.ts'
import { expandedOutputs } from './expanded-outputs.ts'
import { logPatterns, placeInDataset } from '../logs-plan.ts'
import { buildRecord } from './record.ts'
import { reportedBy } from '../said.ts'
import { checksJson, checkReports } from '../checks/tell-checks.ts'
import { checkResults, tasksOfRecord } from '../checks/results.ts'
import type { Report } from '../report.ts'
import { scriptCopyPath } from '../script-path.ts'
import { aboutRest } from '../arrays/tell-tasks.ts'
import { taskLogs } from '../arrays/task-logs.ts'

/** Refusals that no second try would change: what is recorded without them is all there is to record. */
const forGood: ReadonlySet<string> = new Set<RefusedFile['why']>(['ignored', 'vanished', 'not-a-file'])

/** What is known of the files of all jobs: of very many a job looks for its own. */
export interface Stored {
  /** What came of those that were to be stored, by path. */
  readonly outcomes: ReadonlyMap<string, StagedFile | RefusedFile>
  /** What HEAD holds where there may be files of ours, by path. */
  readonly tree: ReadonlyMap<string, Entry>
}

/** What was stored and what was not, by path. */
export function byPath({ staged, refused }: Stage): Stored['outcomes'] {
  const all = new Map<string, StagedFile | RefusedFile>()
  for (const one of staged) all.set(one.path, one)
  for (const one of refused) all.set(one.path, one)
  return all
}

/** What all drafts are made with. */
export interface Drafting {
  readonly environments: Environments
  /** Free text for the records. */
  readonly message: string | null
  readonly aside: Aside
}

/** What one job's commit will be, from what it left and what could be stored. Changes nothing. */
export function makeDraft(
  context: Context,
  collection: Collection,
  { outcomes, tree }: Stored,
  { environments, message, aside }: Drafting,
): Draft {
  const { ended, before } = collection
  const described = environments.get(ended.job.id) ?? []
  const own = new Set([...collection.files, ...described])
  const head = (path: string): Entry | undefined => before.get(path) ?? tree.get(path)
  const refused: RefusedFile[] = []
  const changed: StagedFile[] = []
  for (const path of own) {
    const one = outcomes.get(path)
    if (one === undefined) continue
    if ('why' in one) refused.push(one)
    else if (!isSame(head(path), one)) changed.push(one)
  }
  const script = scriptChange(context, ended, tree, aside)
  const { root } = context.dataset
  const tasks = tasksOfRecord(ended.job, ended.part?.tasks ?? null)
  const checks =
    ended.job.spec.asset === undefined ? new Map() : checkResults(context, ended.job, ended.evidence, tasks)
  const built = buildRecord({
    job: ended.job,
    evidence: ended.evidence,
    part: ended.part ?? null,
    version: context.version,
    slurmFiles: [...collection.logs, ...described],
    slurmPatterns: [
      ...logPatterns(ended.job)
        .map((pattern) => placeInDataset(root, ended.job.spec, pattern))
        .filter((path) => path !== null),
      ...environmentPatterns(described),
    ],
    taskLogs: taskLogs(root, ended.job),
    scriptCopy: script.copy,
    logsOutside: collection.logsOutside,
    outputs: expandedOutputs(root, ended),
    message,
    reported: reportedBy(context, ended.job, ended.part?.tasks ?? null),
    checks: checksJson(ended.job, checks),
    ...(ended.children === undefined ? {} : { children: ended.children }),
  })
  const slurmFiles = new Set([...collection.logs, ...described])
  changed.sort((a, b) => Number(slurmFiles.has(b.path)) - Number(slurmFiles.has(a.path)))
  const files: CommitChange[] = [
    ...changed,
    ...collection.deleted.map((path) => ({ path, deleted: true }) as const),
  ]
  // What could be told a moment ago may not be any more.
  const mustWait =
    collection.unreadable || collection.untold.length > 0 || refused.some(({ why }) => !forGood.has(why))
  const ours = [...script.changes, ...listsChange(built.lists, aside)]
  const { id, token, scheduler, schedulerId, members, cluster } = ended.job
  return {
    job: { id, token, scheduler, schedulerId, members, cluster },
    whole: ended.job.spec.whole ?? false,
    part: ended.part === undefined ? null : { tasks: ended.part.tasks, keepsOpen: ended.part.keepsOpen },
    subdatasets: collection.subdatasets,
    text: aside.keep(Buffer.from(writeMessage(built.title, built.text, built.record))),
    changes: [...files, ...ours],
    kind: mustWait
      ? 'blocked'
      : built.title === 'DATALAD SLURM RUN' ||
          files.length > 0 ||
          ended.part?.keepsOpen ||
          ended.job.spec.asset !== undefined
        ? 'record'
        : 'nothing',
    added: changed,
    deleted: collection.deleted,
    reports: [
      ...collection.reports,
      ...refused.map((one) => refusal(one, collection)),
      ...(mustWait ? [] : checkReports(ended.job, checks)),
    ],
    after: ended.part?.keepsOpen ? [aboutRest(ended.job, ended.part, ended.evidence)] : [],
  }
}

function isSame(was: Entry | undefined, { mode, oid }: Entry): boolean {
  return was?.mode === mode && was.oid === oid
}

function refusal(refused: RefusedFile, collection: Collection): Report {
  // A log that .gitignore hides was meant to be hidden; an output was declared.
  const status =
    refused.why === 'ignored' && collection.logs.includes(refused.path) ? 'notneeded' : 'impossible'
  const note = { kind: 'not-stored', path: refused.path, why: refused.why, message: refused.message } as const
  return { action: 'add', status, path: refused.path, type: 'file', note }
}

/** Where a tree may hold the scripts of these jobs. */
export function scriptPaths(jobs: readonly EndedJob[]): readonly string[] {
  return jobs.flatMap(({ job }) => {
    const script = job.spec.script
    if (script === null) return []
    return [
      scriptCopyPath(script.blob),
      ...(script.path === null || script.path.startsWith('/') ? [] : [script.path]),
    ]
  })
}

/** The script's text is added to the commit when the tree does not hold it at its own path. */
function scriptChange(
  context: Context,
  { job }: EndedJob,
  tree: ReadonlyMap<string, Entry>,
  aside: Aside,
): { readonly copy: string | null; readonly changes: readonly CommitChange[] } {
  const script = job.spec.script
  if (script === null || (script.path !== null && tree.get(script.path)?.oid === script.blob))
    return { copy: null, changes: [] }
  const copy = scriptCopyPath(script.blob)
  if (tree.get(copy)?.oid === script.blob) return { copy, changes: [] }
  const content = keptScript(context, job.token)
  return content === null
    ? { copy: null, changes: [] }
    : { copy, changes: [{ path: copy, mode: '100644', content: aside.keep(content) }] }
}

function listsChange(lists: ReturnType<typeof buildRecord>['lists'], aside: Aside): readonly CommitChange[] {
  if (lists === null) return []
  const content = aside.keep(Buffer.from(`${pythonJson(lists.content)}\n`))
  return [{ path: lists.path, mode: '100644', content }]
}

/**
 * Writes the files of ours that a record brings along, which go into git as they are whatever git-annex would decide, into
 * the work tree too. Where that cannot be the job is not recorded: git would take the file for deleted by the user.
 */
export function placeOwnFiles(context: Context, one: Draft): Draft {
  if (one.kind !== 'record') return one
  for (const change of one.changes) {
    if (!('content' in change)) continue
    const trouble = writeOwnFile(context.dataset, change.path, change.content(), { token: one.job.token })
    if (trouble !== null) return blocked(one, notStored(trouble))
  }
  return one
}

/** A file of ours that could not be written. */
export function notStored(trouble: { readonly path: string; readonly message: string }): Report {
  const note = { kind: 'not-stored', why: 'other', ...trouble } as const
  return { action: 'add', status: 'impossible', path: trouble.path, type: 'file', note }
}

/** The copy kept at submission; null when somebody cleared the job's folder away. */
function keptScript(context: Context, token: JobToken): Buffer | null {
  try {
    return readFileSync(join(jobFolder(context, token), 'script'))
  } catch {
    return null
  }
}

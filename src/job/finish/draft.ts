import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobToken } from '../../contract/ids.ts'
import type { CommitChange } from '../../dataset/commits.ts'
import { writeOwnFile } from '../../dataset/own-file.ts'
import type { Stage } from '../../dataset/stage.ts'
import type { Entry } from '../../dataset/tree.ts'
import { pythonJson } from '../../provenance/python-json.ts'
import { writeMessage } from '../../provenance/message.ts'
import type { Collection } from './collect.ts'
import { jobFolder, type Context } from '../context.ts'
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
import { taskLogs } from '../arrays/task-logs.ts'

/** Refusals that no second try would change: what is recorded without them is all there is to record. */
const forGood: ReadonlySet<string> = new Set<Stage['refused'][number]['why']>([
  'ignored',
  'vanished',
  'not-a-file',
])

/** A job's commit before it is written. */
export interface Draft {
  readonly collection: Collection
  readonly text: string
  readonly changes: readonly CommitChange[]
  /**
   * `nothing`: a command that ran here and changed nothing needs no commit, as with DataLad; a Slurm job and an asset always
   * have their record. `blocked`: something it made cannot be stored now; the job stays open so that nothing goes missing unseen.
   */
  readonly kind: 'record' | 'nothing' | 'blocked'
  readonly reports: readonly Report[]
}

/** What came of a path that was to be stored, and its place among all. */
type Stored = { readonly at: number } & (
  { readonly staged: Stage['staged'][number] } | { readonly refused: Stage['refused'][number] }
)

/** What was stored and what was not, by path: of very many files a job looks for its own. */
export function byPath({ staged, refused }: Stage): ReadonlyMap<string, Stored> {
  const all = new Map<string, Stored>()
  for (const [at, one] of staged.entries()) all.set(one.path, { at, staged: one })
  for (const [at, one] of refused.entries()) all.set(one.path, { at, refused: one })
  return all
}

/** What one job's commit will be, from what it left and what could be stored. Changes nothing. */
export function draft(
  context: Context,
  collection: Collection,
  stored: ReadonlyMap<string, Stored>,
  tree: ReadonlyMap<string, Entry>,
  environments: Environments,
  message: string | null,
): Draft {
  const { ended, before } = collection
  const described = environments.get(ended.job.id) ?? []
  const own = new Set([...collection.files, ...described])
  const head = (path: string): Entry | undefined => before.get(path) ?? tree.get(path)
  const outcomes = [...own].flatMap((path) => stored.get(path) ?? []).toSorted((a, b) => a.at - b.at)
  const changed = outcomes.flatMap((one) => {
    if (!('staged' in one)) return []
    const was = head(one.staged.path)
    return was?.mode === one.staged.mode && was.oid === one.staged.oid ? [] : [one.staged]
  })
  const script = scriptChange(context, ended, tree)
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
  const slurmFilesFirst = changed.toSorted(
    (a, b) => Number(slurmFiles.has(b.path)) - Number(slurmFiles.has(a.path)),
  )
  const files: CommitChange[] = [
    ...changed.map(({ path, mode, oid }) => ({ path, mode, oid })),
    ...collection.deleted.map((path) => ({ path, deleted: true }) as const),
  ]
  const refused = outcomes.flatMap((one) => ('refused' in one ? [one.refused] : []))
  // What could be told a moment ago may not be any more.
  const blocked =
    collection.unreadable || collection.untold.length > 0 || refused.some(({ why }) => !forGood.has(why))
  const ours = [...script.changes, ...listsChange(built.lists)]
  return {
    collection,
    text: writeMessage(built.title, built.text, built.record),
    changes: [...files, ...ours],
    kind: blocked
      ? 'blocked'
      : built.title === 'DATALAD SLURM RUN' ||
          files.length > 0 ||
          ended.part?.keepsOpen ||
          ended.job.spec.asset !== undefined
        ? 'record'
        : 'nothing',
    reports: [
      ...(blocked ? [] : slurmFilesFirst).map((file): Report => ({
        action: 'add',
        status: 'ok',
        path: file.path,
        type: 'file',
        ...(file.key === null ? {} : { facts: { key: file.key } }),
      })),
      ...(blocked ? [] : collection.deleted).map((path): Report => ({
        action: 'delete',
        status: 'ok',
        path,
        type: 'file',
      })),
      ...collection.reports,
      ...refused.map((one) => refusal(one, collection)),
      ...(blocked ? [] : checkReports(ended.job, checks)),
    ],
  }
}

function refusal(refused: Stage['refused'][number], collection: Collection): Report {
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
): { readonly copy: string | null; readonly changes: readonly CommitChange[] } {
  const script = job.spec.script
  if (script === null || (script.path !== null && tree.get(script.path)?.oid === script.blob))
    return { copy: null, changes: [] }
  const copy = scriptCopyPath(script.blob)
  if (tree.get(copy)?.oid === script.blob) return { copy, changes: [] }
  const content = keptScript(context, job.token)
  return content === null
    ? { copy: null, changes: [] }
    : { copy, changes: [{ path: copy, mode: '100644', content }] }
}

function listsChange(lists: ReturnType<typeof buildRecord>['lists']): readonly CommitChange[] {
  if (lists === null) return []
  return [{ path: lists.path, mode: '100644', content: Buffer.from(`${pythonJson(lists.content)}\n`) }]
}

/**
 * Writes the files of ours that a record brings along, which go into git as they are whatever git-annex would decide, into
 * the work tree too. Where that cannot be the job is not recorded: git would take the file for deleted by the user.
 */
export function placeOwnFiles(context: Context, one: Draft): Draft {
  if (one.kind !== 'record') return one
  const { token } = one.collection.ended.job
  for (const change of one.changes) {
    if (!('content' in change)) continue
    const trouble = writeOwnFile(context.dataset, change.path, change.content, { token })
    if (trouble === null) continue
    const said = one.reports.filter(({ action, status }) => status !== 'ok' || action === 'log')
    return { ...one, kind: 'blocked', reports: [...said, notStored(trouble)] }
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

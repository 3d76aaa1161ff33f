import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { writeCommits, type CommitChange } from '../dataset/commits.ts'
import { readSigning } from '../dataset/config.ts'
import type { DatasetFailure } from '../dataset/failure.ts'
import { readHead } from '../dataset/head.ts'
import { tidyInBackground } from '../dataset/housekeeping.ts'
import { stage, type Stage } from '../dataset/stage.ts'
import { listTree, type Entry } from '../dataset/tree.ts'
import { pythonJson } from '../provenance/python-json.ts'
import { writeMessage } from '../provenance/message.ts'
import { collect, type Collection } from './collect.ts'
import { jobFolder, type Context } from './context.ts'
import { environmentFile } from './environment-file.ts'
import { aboutJob, type EndedJob } from './ended.ts'
import { insideRoot, logPatterns } from './logs-plan.ts'
import { moveAndMark } from './move.ts'
import { buildRecord } from './record.ts'
import type { Report } from './report.ts'
import { jobFacts } from './select.ts'
import { putUnchangedBack } from './writable-files.ts'

/** How often the branch may move under us before we give up. */
const tries = 5

/** Records ended jobs in the order given: one pass over git and git-annex for all of them, one commit each. */
export async function recordJobs(
  context: Context,
  jobs: readonly EndedJob[],
  message: string | null,
  report: (report: Report) => void,
): Promise<void> {
  for (const { job } of jobs) await putUnchangedBack(context, job)
  const environments = await writeEnvironmentFiles(context, jobs, report)
  const operation = context.newToken()
  let failure: DatasetFailure | null = null
  for (let attempt = 0; attempt < tries; attempt++) {
    const done = await attemptRecord(context, jobs, environments, `${operation}-${attempt}`, message)
    if (done.ok) {
      for (const one of done.value) report(one)
      tidyInBackground(context.dataset)
      return
    }
    failure = done.failure
    if (failure.kind !== 'branch-moved') break
  }
  if (failure !== null) {
    report({ action: 'save', status: 'error', path: '.', type: 'dataset', note: failure })
    for (const { job } of jobs)
      report(aboutJob('error', job, { kind: 'not-saved', job: job.schedulerId ?? '' }))
  }
}

/** One attempt on top of HEAD as it stands; the reports of what was done, or why it could not be. */
async function attemptRecord(
  context: Context,
  jobs: readonly EndedJob[],
  environments: ReadonlyMap<EndedJob, string>,
  operation: string,
  message: string | null,
): Promise<Fallible<readonly Report[], DatasetFailure>> {
  const { dataset } = context
  const head = await readHead(dataset)
  if (!head.ok) return head
  const from = head.value.commit
  const collected = await collect(context, jobs, from)
  if (!collected.ok) return collected
  const extra = [...environments.values()]
  const paths = [...new Set([...collected.value.flatMap(({ files }) => files), ...extra])]
  context.progress({ kind: 'adding', files: paths.length, done: 0 })
  const staged = await stage(dataset, { paths, operation, head: from, force: false })
  if (!staged.ok) return staged
  const known = await listTree(dataset, from, [...extra, ...scriptPaths(jobs)])
  if (!known.ok) return known
  const tree = new Map(known.value.map((entry) => [entry.path, entry]))

  const drafts = collected.value.map((collection) =>
    draft(context, collection, staged.value, tree, environments, message),
  )
  const wanted = drafts.filter(({ needed }) => needed)
  const signing = await readSigning(dataset)
  if (!signing.ok) return signing
  const written = await writeCommits(dataset, {
    parent: from,
    commits: wanted.map(({ text, changes }) => ({ message: text, changes })),
    operation,
    when: { seconds: context.now(), zone: zone(context.now()) },
    sign: signing.value,
  })
  if (!written.ok) return written
  const to = written.value.at(-1)
  if (to !== undefined) {
    const recorded = wanted.map(({ collection }, i) => ({
      job: collection.ended.job.id,
      commit: mustHave(written.value[i]),
    }))
    const reflog = `waybill: record ${wanted.length === 1 ? 'a job' : `${wanted.length} jobs`}`
    const moved = await moveAndMark(context, { operation, ref: head.value.ref, from, to, reflog }, recorded)
    if (!moved.ok) return moved
  }
  for (const { collection } of drafts.filter(({ needed }) => !needed)) {
    context.ledger.change(collection.ended.job.id, context.now(), 'nothing-changed', { state: 'closed' })
  }
  return ok(drafts.flatMap((one) => [...one.reports, ...saved(one, written.value[wanted.indexOf(one)])]))
}

/** A job's commit before it is written. */
interface Draft {
  readonly collection: Collection
  readonly text: string
  readonly changes: readonly CommitChange[]
  /** A command that ran here and changed nothing needs no commit, as with DataLad; a Slurm job always has its record. */
  readonly needed: boolean
  readonly reports: readonly Report[]
}

function draft(
  context: Context,
  collection: Collection,
  staged: Stage,
  tree: ReadonlyMap<string, Entry>,
  environments: ReadonlyMap<EndedJob, string>,
  message: string | null,
): Draft {
  const { ended, before } = collection
  const environment = environments.get(ended)
  const own = new Set([...collection.files, ...(environment === undefined ? [] : [environment])])
  const head = (path: string): Entry | undefined => before.get(path) ?? tree.get(path)
  const changed = staged.staged.filter(({ path, mode, oid }) => {
    const was = head(path)
    return own.has(path) && (was?.mode !== mode || was.oid !== oid)
  })
  const script = scriptChange(context, ended, tree)
  const { root } = context.dataset
  const built = buildRecord({
    job: ended.job,
    evidence: ended.evidence,
    version: context.version,
    slurmFiles: [...collection.logs, ...(environment === undefined ? [] : [environment])],
    slurmPatterns: [
      ...logPatterns(ended.job)
        .map((pattern) => insideRoot(root, pattern))
        .filter((path) => path !== null),
      ...(environment === undefined ? [] : [environment]),
    ],
    scriptCopy: script.copy,
    logsOutside: collection.logsOutside,
    message,
  })
  const slurmFiles = new Set([...collection.logs, environment])
  const slurmFilesFirst = changed.toSorted(
    (a, b) => Number(slurmFiles.has(b.path)) - Number(slurmFiles.has(a.path)),
  )
  const files: CommitChange[] = [
    ...changed.map(({ path, mode, oid }) => ({ path, mode, oid })),
    ...collection.deleted.map((path) => ({ path, deleted: true }) as const),
  ]
  const ours = [...script.changes, ...listsChange(context, built.lists)]
  return {
    collection,
    text: writeMessage(built.title, built.text, built.record),
    changes: [...files, ...ours],
    needed: built.title === 'DATALAD SLURM RUN' || files.length > 0,
    reports: [
      ...slurmFilesFirst.map((file): Report => ({
        action: 'add',
        status: 'ok',
        path: file.path,
        type: 'file',
        ...(file.key === null ? {} : { facts: { key: file.key } }),
      })),
      ...collection.deleted.map((path): Report => ({ action: 'delete', status: 'ok', path, type: 'file' })),
      ...collection.reports,
      ...staged.refused.filter(({ path }) => own.has(path)).map((refused) => refusal(refused, collection)),
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

function saved(one: Draft, commit: CommitId | undefined): readonly Report[] {
  const { job } = one.collection.ended
  const facts = { ...jobFacts(job), ...(commit === undefined ? {} : { commit }) }
  if (!one.needed)
    return [
      {
        action: 'save',
        status: 'notneeded',
        path: '.',
        type: 'dataset',
        note: { kind: 'nothing-changed' },
        facts,
      },
    ]
  return [{ action: 'save', status: 'ok', path: '.', type: 'dataset', facts }]
}

/** Writes the descriptions into the work tree: they are files of the dataset like the logs beside them. */
async function writeEnvironmentFiles(
  context: Context,
  jobs: readonly EndedJob[],
  report: (report: Report) => void,
): Promise<ReadonlyMap<EndedJob, string>> {
  const written = new Map<EndedJob, string>()
  for (const ended of jobs) {
    const file = await environmentFile(context, ended)
    if (file === null) continue
    const path = join(context.dataset.root, file.path)
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, file.content)
      written.set(ended, file.path)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const note = { kind: 'not-stored', path: file.path, why: 'other', message } as const
      report({ action: 'add', status: 'impossible', path: file.path, type: 'file', note })
    }
  }
  return written
}

function scriptPaths(jobs: readonly EndedJob[]): readonly string[] {
  return jobs.flatMap(({ job }) => {
    const script = job.spec.script
    if (script === null) return []
    return [
      copyPath(script.blob),
      ...(script.path === null || script.path.startsWith('/') ? [] : [script.path]),
    ]
  })
}

function copyPath(blob: string): string {
  return `.waybill/scripts/${blob.slice(0, 16)}`
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
  const copy = copyPath(script.blob)
  if (tree.get(copy)?.oid === script.blob) return { copy, changes: [] }
  const content = readFileSync(join(jobFolder(context, job.token), 'script'))
  return { copy, changes: [inWorkTree(context, copy, content)] }
}

function listsChange(
  context: Context,
  lists: ReturnType<typeof buildRecord>['lists'],
): readonly CommitChange[] {
  return lists === null
    ? []
    : [inWorkTree(context, lists.path, Buffer.from(`${pythonJson(lists.content)}\n`))]
}

/** A file of ours that goes into git as it is, whatever git-annex would decide; it also has to stand in the work tree. */
function inWorkTree(context: Context, path: string, content: Buffer): CommitChange {
  const file = join(context.dataset.root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  return { path, mode: '100644', content }
}

/** The offset of local time as git writes it: `+0100`. */
function zone(seconds: number): string {
  const minutes = -new Date(seconds * 1000).getTimezoneOffset()
  const pad = (n: number): string => String(n).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(minutes) / 60))}${pad(Math.abs(minutes) % 60)}`
}

function mustHave(commit: CommitId | undefined): CommitId {
  if (commit === undefined) throw new Error('fast-import gave fewer commits than were asked for')
  return commit
}

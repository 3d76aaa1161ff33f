import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { writeCommits } from '../dataset/commits.ts'
import { readSigning } from '../dataset/config.ts'
import { checkCommittable, readHead } from '../dataset/head.ts'
import { tidyInBackground } from '../dataset/housekeeping.ts'
import { writeOwnFile } from '../dataset/own-file.ts'
import { stage } from '../dataset/stage.ts'
import { listTree } from '../dataset/tree.ts'
import { collect } from './collect.ts'
import type { Context } from './context.ts'
import { draft, notStored, placeOwnFiles, scriptPaths, type Draft } from './draft.ts'
import { environmentFiles } from './environment-file.ts'
import { aboutJob, type EndedJob } from './ended.ts'
import { moveAndMark } from './move.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import { calledName, jobFacts } from './select.ts'
import { putUnchangedBack } from './writable-files.ts'

/** How often the branch may move under us before we give up. */
const tries = 5

/** Records ended jobs in the order given: one pass over git and git-annex for all of them, one commit each. */
export async function recordJobs(
  context: Context,
  asked: readonly EndedJob[],
  message: string | null,
  report: (report: Report) => void,
): Promise<void> {
  const unlocked = await putAllBack(context, asked, report)
  const environments = await writeEnvironmentFiles(context, unlocked, report)
  const jobs = unlocked.filter((ended) => environments.has(ended))
  if (jobs.length === 0) return
  const branch = jobs[0]?.job.branch ?? ''
  const operation = context.newToken()
  let failure: Note | null = null
  for (let attempt = 0; attempt < tries; attempt++) {
    const done = await attemptRecord(context, jobs, branch, environments, `${operation}-${attempt}`, message)
    if (done.ok) {
      for (const one of done.value) report(one)
      tidyInBackground(context.dataset)
      return
    }
    failure = done.failure
    // Another branch was checked out meanwhile: these records do not belong there.
    if (failure.kind !== 'branch-moved' || failure.found.ref !== branch) break
  }
  if (failure !== null) {
    report({ action: 'save', status: 'error', path: '.', type: 'dataset', note: failure })
    for (const { job } of jobs) report(aboutJob('error', job, { kind: 'not-saved', job: calledName(job) }))
  }
}

/** One attempt on top of HEAD as it stands; the reports of what was done, or why it could not be. */
async function attemptRecord(
  context: Context,
  jobs: readonly EndedJob[],
  branch: string,
  environments: Environments,
  operation: string,
  message: string | null,
): Promise<Fallible<readonly Report[], Note>> {
  const { dataset } = context
  const head = await readHead(dataset)
  if (!head.ok) return head
  const committable = checkCommittable(head.value)
  if (!committable.ok) return committable
  const { ref, commit: from } = head.value
  if (ref !== branch) {
    return fail({
      kind: 'branch-moved',
      expected: { ref: branch, commit: from },
      found: { ref, commit: from },
    })
  }
  const collected = await collect(context, jobs, from)
  if (!collected.ok) return collected
  const extra = [...environments.values()].filter((path) => path !== null)
  const paths = [...new Set([...collected.value.flatMap(({ files }) => files), ...extra])]
  context.progress({ kind: 'adding', files: paths.length, done: 0 })
  const staged = await stage(dataset, { paths, operation, head: from, force: false })
  if (!staged.ok) return staged
  const known = await listTree(dataset, from, [...extra, ...scriptPaths(jobs)])
  if (!known.ok) return known
  const tree = new Map(known.value.map((entry) => [entry.path, entry]))

  const drafts = collected.value
    .map((collection) => draft(context, collection, staged.value, tree, environments, message))
    .map((one) => placeOwnFiles(context, one))
  const wanted = drafts.filter(({ kind }) => kind === 'record')
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
    const moved = await moveAndMark(context, { operation, ref, from, to, reflog }, recorded)
    if (!moved.ok) return moved
  }
  for (const { collection } of drafts.filter(({ kind }) => kind === 'nothing')) {
    context.ledger.change(collection.ended.job.id, context.now(), 'nothing-changed', { state: 'closed' })
  }
  return ok(drafts.flatMap((one) => [...one.reports, ...saved(one, written.value[wanted.indexOf(one)])]))
}

function saved(one: Draft, commit: CommitId | undefined): readonly Report[] {
  const { job } = one.collection.ended
  const facts = { ...jobFacts(job), ...(commit === undefined ? {} : { commit }) }
  if (one.kind === 'blocked') return [aboutJob('error', job, { kind: 'not-saved', job: calledName(job) })]
  if (one.kind === 'nothing')
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

/** Puts back what the jobs did not change. A job of which this fails is left out after saying why: it stays open. */
async function putAllBack(
  context: Context,
  jobs: readonly EndedJob[],
  report: (report: Report) => void,
): Promise<readonly EndedJob[]> {
  const ready: EndedJob[] = []
  for (const ended of jobs) {
    const back = await putUnchangedBack(context, ended.job)
    if (back.ok) ready.push(ended)
    else {
      report({ action: 'lock', status: 'error', path: '.', type: 'dataset', note: back.failure })
      report(aboutJob('error', ended.job, { kind: 'not-saved', job: calledName(ended.job) }))
    }
  }
  return ready
}

/** Where each job's description stands in the work tree; null for a job without one. */
type Environments = ReadonlyMap<EndedJob, string | null>

/**
 * Writes the descriptions into the work tree: they are files of the dataset like the logs beside them. A job whose
 * description cannot be written is left out after saying why: it stays open.
 */
async function writeEnvironmentFiles(
  context: Context,
  jobs: readonly EndedJob[],
  report: (report: Report) => void,
): Promise<Environments> {
  const files = await environmentFiles(context, jobs)
  const written = new Map<EndedJob, string | null>()
  for (const ended of jobs) {
    const { job } = ended
    const file = files.get(ended)
    const trouble =
      file === undefined ? null : writeOwnFile(context.dataset, file.path, file.content, { token: job.token })
    if (trouble === null) written.set(ended, file?.path ?? null)
    else {
      report(notStored(trouble))
      report(aboutJob('error', job, { kind: 'not-saved', job: calledName(job) }))
    }
  }
  return written
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

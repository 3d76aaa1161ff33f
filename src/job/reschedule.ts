import { mkdirSync } from 'node:fs'
import { join, posix, resolve } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { fromSystem } from '../dataset/failure.ts'
import { fileStatus } from '../dataset/file-status.ts'
import { readLog, resolveRevision, type LoggedCommit } from '../dataset/log.ts'
import { readObjects } from '../dataset/objects.ts'
import { normalise } from '../dataset/paths.ts'
import { readMessage } from '../provenance/message.ts'
import type { RecordMessage, RunRecord } from '../provenance/record.ts'
import { splitLine } from '../provenance/shell-words.ts'
import { titleSaysCompleted } from '../provenance/title.ts'
import type { Context } from './context.ts'
import { differencesFrom } from './differences.ts'
import { installFor } from './install.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import type { Repeat, ScheduleRequest, Which } from './request.ts'
import type { Show } from './prepared.ts'
import { forTasks, type TasksAgain } from './only-tasks.ts'
import { schedule } from './schedule.ts'
import { recordedTemplates, withoutTaskPaths } from './task-paths.ts'

/** What `reschedule` is asked to do. */
export interface RescheduleRequest {
  readonly revision: string
  /** Null: that one commit. Empty: from the first commit on. */
  readonly since: string | null
  readonly onlyReport: boolean
  readonly message: string | null
  /** Also records of jobs that did not complete. */
  readonly withFailedJobs: boolean
  /** Put the recorded script and inputs into place first. */
  readonly asRecorded: boolean
  /** Words for sbatch that override the recorded ones. */
  readonly overrides: readonly string[]
  readonly assumeReady: Which | null
  readonly altDir: string | null
  readonly keepAltDir: boolean
  readonly transfers: number | null
}

/** A record that can be run again. */
export interface Repeatable {
  readonly commit: CommitId
  readonly message: RecordMessage
  readonly record: RunRecord
}

/** Submits the jobs of records again, oldest first, with the scripts and inputs that are there now. */
export async function reschedule(
  context: Context,
  request: RescheduleRequest,
  report: (report: Report) => void,
  show: Show,
): Promise<void> {
  const say = (status: Report['status'], note: Note, commit?: CommitId): void =>
    report({
      action: 'reschedule',
      status,
      path: context.dataset.root,
      type: 'dataset',
      note,
      ...(commit === undefined ? {} : { facts: { commit } }),
    })
  const commits = await commitsOf(context, request)
  if (!commits.ok) return say('impossible', commits.failure)
  let runnable = 0
  for (const commit of commits.value) {
    const found = readRepeatable(context, commit)
    if (!found.ok) {
      // In a range, commits without a record are no news.
      if (request.since === null || found.failure.kind !== 'no-record')
        say(request.since === null ? 'impossible' : 'notneeded', found.failure, commit.commit)
      continue
    }
    runnable++
    const { record } = found.value
    const part = record.waybill?.['recorded_tasks']
    // A record of some tasks is run again for these.
    const again = typeof part === 'string' ? { tasks: part, replaces: null, unrecorded: null } : null
    await repeat(context, request, found.value, report, say, show, again)
  }
  if (runnable === 0 && request.since !== null)
    say('impossible', { kind: 'no-records', range: `${request.since}..${request.revision}` })
}

async function commitsOf(
  context: Context,
  request: RescheduleRequest,
): Promise<Fallible<readonly LoggedCommit[], Note>> {
  const to = await resolveRevision(context.dataset, request.revision)
  if (!to.ok) return to
  if (request.since === null)
    return readLog(context.dataset, { revisions: [to.value], order: 'newest-first', limit: 1 })
  if (request.since.trim() === '')
    return readLog(context.dataset, { revisions: [to.value], order: 'oldest-first' })
  const from = await resolveRevision(context.dataset, request.since)
  return from.ok
    ? readLog(context.dataset, { revisions: [`${from.value}..${to.value}`], order: 'oldest-first' })
    : from
}

function readRepeatable(context: Context, logged: LoggedCommit): Fallible<Repeatable, Note> {
  const message = readMessage(logged.message)
  if (!message.ok) return message
  if (logged.parents.length > 1) return fail({ kind: 'is-merge' })
  const { record, title, text } = message.value
  if (typeof record === 'string') return fail({ kind: 'sidecar', name: record })
  if (title === 'DATALAD SLURM RUN' && !titleSaysCompleted(text)) {
    return fail({ kind: 'skipped-failed', title: text.split('\n')[0] ?? '' })
  }
  // 229089709 stands for "no id" in datalad-slurm's records.
  if (typeof record.dsid === 'string' && context.dataset.id !== null && record.dsid !== context.dataset.id) {
    return fail({ kind: 'other-dataset', dsid: record.dsid })
  }
  return ok({ commit: logged.commit, message: message.value, record })
}

/** Submits the job of one record again, or some tasks of it, after saying what differs. */
export async function repeat(
  context: Context,
  request: RescheduleRequest,
  found: Repeatable,
  report: (report: Report) => void,
  say: (status: Report['status'], note: Note, commit?: CommitId) => void,
  show: Show,
  again: TasksAgain | null,
): Promise<void> {
  const { commit, record } = found
  if (!request.onlyReport) {
    const installed = await installFor({ ...context, cwd: context.dataset.root }, [record.pwd ?? '.'], report)
    if (!installed.ok) return say('impossible', installed.failure, commit)
  }
  const place = directoryOf(context, record)
  if (!place.ok) return say('impossible', place.failure, commit)
  const there = place.value
  const moved: Context = { ...context, cwd: join(context.dataset.root, there) }
  const whole = await requestOf(context, request, found)
  const asked = whole.ok && again !== null ? forTasks(moved, whole.value, again) : whole
  if (!asked.ok) return say('impossible', asked.failure, commit)
  const differing = again?.unrecorded ? ok([]) : await differencesFrom(context, commit, record, there)
  if (!differing.ok) return say('error', differing.failure, commit)
  if (differing.value.length > 0) say('ok', { kind: 'differs', paths: differing.value }, commit)
  if (request.onlyReport)
    return say('ok', { kind: 'would-reschedule', cmd: asked.value.repeat.cmd, pwd: there }, commit)
  try {
    mkdirSync(moved.cwd, { recursive: true })
  } catch (error) {
    return say('impossible', fromSystem('mkdir', error), commit)
  }
  await schedule(moved, asked.value, report, show)
}

/**
 * Where a record's job is to run, relative to the root. It need not exist: git keeps no empty folders. A record is
 * anybody's: nothing is looked at or made outside the dataset for it.
 */
function directoryOf(context: Context, record: RunRecord): Fallible<string, Note> {
  const pwd = record.pwd ?? '.'
  const { root } = context.dataset
  const segments = posix.normalize(pwd).split('/')
  for (let depth = 1; depth <= segments.length && segments[0] !== '..' && segments[0] !== ''; depth++) {
    const file = segments.slice(0, depth).join('/')
    const stat = fileStatus(join(root, file))
    if (stat === undefined || stat.isSymbolicLink()) break
    if (!stat.isDirectory()) return fail({ kind: 'pwd-not-folder', pwd, file })
  }
  const found = normalise(context.dataset, root, pwd.endsWith('/') ? pwd : `${pwd}/`)
  if (!found.ok) return isBelow(found.failure) ? ok(posix.normalize(pwd)) : found
  const { path } = found.value
  return fileStatus(join(root, path))?.isDirectory() === false
    ? fail({ kind: 'pwd-not-folder', pwd, file: path })
    : ok(path)
}

/** In a repository below ours, or one that is yet to be checked out there. */
function isBelow({ kind }: Note): boolean {
  return kind === 'inside-submodule' || kind === 'subdataset-not-installed'
}

async function requestOf(
  context: Context,
  request: RescheduleRequest,
  { commit, message, record }: Repeatable,
): Promise<Fallible<ScheduleRequest & { readonly repeat: Repeat }, Note>> {
  const pwd = record.pwd ?? '.'
  const words = wordsOf(message, record)
  if (!words.ok) return words
  const stdin = await recordedStdin(context, commit, record)
  if (!stdin.ok) return stdin
  // With an alternative directory datalad-slurm names its files from there, which stands for the root.
  const base = record.alt_dir ? '.' : pwd
  const own = new Set((record.slurm_outputs ?? []).map((path) => posix.normalize(posix.join(base, path))))
  const isSlurm = message.title === 'DATALAD SLURM RUN'
  // In a SLURM RUN outputs are relative to the root, and hold the old job's logs too.
  const outputs = isSlurm
    ? record.outputs
        .filter((path) => !own.has(posix.normalize(path)))
        .map((path) => posix.relative(pwd, path) || '.')
    : record.outputs
  const ofTasks = recordedTemplates(record)
  const array = record.waybill?.['array']
  return ok({
    words: words.value,
    inputs: record.inputs,
    outputs: [...withoutTaskPaths(outputs, ofTasks), ...ofTasks],
    message: request.message ?? freeText(message),
    dryRun: null,
    scheduler: isSlurm ? 'slurm' : 'local',
    array: typeof array === 'string' ? array : null,
    after: [],
    freshOutputs: false,
    reserveAll: true,
    assumeReady: request.assumeReady,
    expand: null,
    checkOutputs: true,
    // As typed it starts from where the command was given, not from where the record's job ran.
    altDir: request.altDir === null ? null : resolve(context.cwd, request.altDir),
    keepAltDir: request.keepAltDir,
    container: null,
    transfers: request.transfers,
    readStdin: null,
    repeat: {
      chain: [...record.chain, commit],
      commit,
      slurmJobId: record.slurm_job_id ?? null,
      extraInputs: record.extra_inputs,
      cmd: typeof record.cmd === 'string' ? record.cmd : words.value.join(' '),
      stdin: stdin.value,
      scriptCopy: scriptCopy(commit, record),
      replaces: null,
    },
  })
}

/** The words to run. A command of this machine's is a shell's line, as DataLad runs it; sbatch's must be words. */
function wordsOf(message: RecordMessage, record: RunRecord): Fallible<readonly string[], Note> {
  if (typeof record.cmd !== 'string') return ok(record.cmd)
  if (message.title === 'DATALAD RUNCMD') return ok([record.cmd])
  const split = splitLine(record.cmd)
  // A shell runs it, as datalad-slurm does, and its sbatch is found there.
  if (split.kind === 'needs-shell') return ok([record.cmd])
  if (split.kind === 'unfinished')
    return fail({ kind: 'unfinished-quote', line: record.cmd, quote: split.quote })
  return ok(split.words)
}

/** The text of a script that was typed into sbatch: it has no other place than the record's own commit. */
async function recordedStdin(
  context: Context,
  commit: CommitId,
  record: RunRecord,
): Promise<Fallible<Buffer | null, Note>> {
  const script = record.waybill?.['script']
  const copy = scriptCopy(commit, record)
  if (typeof script !== 'object' || script === null || !('from' in script) || copy === null) return ok(null)
  const read = await readObjects(context.dataset, [copy])
  return read.ok ? ok(read.value[0]?.content ?? null) : read
}

function scriptCopy(commit: CommitId, record: RunRecord): string | null {
  const script = record.waybill?.['script']
  const known = typeof script === 'object' && script !== null && 'copy' in script
  return known ? `${commit}:${String(script.copy)}` : null
}

/** The user's own words in a record's message, without the title and what we say of re-submissions. */
function freeText(message: RecordMessage): string | null {
  const paragraphs = message.text.split(/\n{2,}/)
  const own = message.title === 'DATALAD SLURM RUN' ? paragraphs.slice(1) : paragraphs
  const text = own.filter((paragraph) => !/^Re-submission of job \d+\.$/.test(paragraph)).join('\n\n')
  return text === '' ? null : text
}

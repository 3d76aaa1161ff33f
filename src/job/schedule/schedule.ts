import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { ok, type Fallible } from '../../contract/fallible.ts'
import { jobName, type CommitId, type JobId } from '../../contract/ids.ts'
import { phaseOf } from '../../contract/job-state.ts'
import { blobId } from '../../dataset/blob-id.ts'
import { checkCommittable, readHead } from '../../dataset/head.ts'
import { readIdentity } from '../../dataset/identity.ts'
import { withAnnex } from '../../dataset/initialise-annex.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import { endOfOptions } from '../../slurm/end-of-options.ts'
import { logPlan } from '../../slurm/log-pattern.ts'
import { findAltDir, startingDirectory } from '../alt-dir/alt-dir.ts'
import { chooseScheduler, understand, type Command } from './command.ts'
import type { Contained } from './container.ts'
import { worktreePlace, type Context, type Job } from '../context.ts'
import { declare, declaredOutputs, inputPath } from './declare.ts'
import { checkForeign } from './foreign-jobs.ts'
import { findDifferences, getInputs, identify, inputFiles } from '../inputs.ts'
import { fixedLogs, insideRoot, placeInDataset } from '../logs-plan.ts'
import { schedulerJobs } from '../members/members.ts'
import type { Note } from '../note.ts'
import { aboutDataset, filledCommand, type Prepared, type Show } from './prepared.ts'
import { observe } from '../observe.ts'
import { reconcile } from '../reconcile.ts'
import type { Report } from '../report.ts'
import { speaksOf, type ScheduleRequest } from './request.ts'
import { calledName, findJob, isOpen } from '../select.ts'
import type { JobSpec, ScriptCopy } from '../spec.ts'
import { statusText } from '../statuses.ts'
import { submit, type Scheduled } from './submit.ts'

/**
 * Submits one job: nothing is changed before everything was checked, and the outputs are reserved before anything is
 * submitted. `begun` is told the job's number before it is submitted.
 */
export async function schedule(
  opened: Context,
  request: ScheduleRequest,
  report: (report: Report) => void,
  show: Show,
  begun: (job: JobId) => void = () => {},
): Promise<Scheduled> {
  const refuse = (failure: Note): Scheduled => {
    report(aboutDataset(opened, 'impossible', failure))
    return { exitCode: null, job: null }
  }
  await reconcile(opened, report)
  const head = await startingPoint(opened, request)
  if (!head.ok) return refuse(head.failure)
  // Only where a job can be scheduled at all is git-annex made ready for it.
  const annexed = request.dryRun === null ? await withAnnex(opened.dataset) : ok(opened.dataset)
  if (!annexed.ok) return refuse(annexed.failure)
  const ready = { ...opened, dataset: annexed.value }
  // Most jobs need no container: what finds one is loaded for those that do.
  const contained =
    request.container === null
      ? ok({ request, env: {}, script: null })
      : await (await import('./container.ts')).inContainer(ready, request, request.container, report)
  if (!contained.ok) return refuse(contained.failure)
  const context = { ...ready, env: { ...ready.env, ...contained.value.env } }
  const prepared = await prepare(context, contained.value, head.value, report)
  if (!prepared.ok) return refuse(prepared.failure)
  if (request.dryRun !== null) {
    dryRun(context, prepared.value, report, show)
    return { exitCode: null, job: null }
  }
  return submit(context, prepared.value, report, show, begun)
}

/** Where HEAD is, when a record could be made there later; fails too where no output is named. */
async function startingPoint(
  context: Context,
  request: ScheduleRequest,
): Promise<Fallible<StartingPoint, Note>> {
  // What has changed in all of a dataset tells nothing of a job that ran elsewhere.
  const needless = request.whole && request.altDir === null
  if (request.outputs.length === 0 && !needless) return { ok: false, failure: { kind: 'no-outputs' } }
  const head = await readHead(context.dataset)
  if (!head.ok) return head
  const { ref, commit } = head.value
  if (ref === null) return { ok: false, failure: { kind: 'detached-head' } }
  // A merge in progress may well be over when the job has ended.
  const committable = checkCommittable({ ...head.value, inProgress: null })
  return committable.ok ? ok({ ref, commit }) : committable
}

/** The branch that a job's record will go to, and the commit it stands at (null: none yet). */
interface StartingPoint {
  readonly ref: string
  readonly commit: CommitId | null
}

async function prepare(
  context: Context,
  { request, script: ranInContainer }: Contained,
  head: StartingPoint,
  report: (report: Report) => void,
): Promise<Fallible<Prepared, Note>> {
  // Asked for now and needed at the end: two processes of git's run beside the rest.
  const identity = readIdentity(context.dataset)
  const chosen = chooseScheduler(request)
  if (!chosen.ok) return chosen
  const declaration = await declare(context, request, chosen.value.words, report)
  if (!declaration.ok) return declaration
  const altDir = request.altDir === null ? ok(null) : findAltDir(context, request.altDir)
  if (!altDir.ok) return altDir
  const place = altDir.value === null ? {} : { altDir: altDir.value }
  const command = await understand(context, request, chosen.value, declaration.value.words, place, report)
  if (!command.ok) return command
  const words = await waitFor(context, request, command.value)
  if (!words.ok) return words

  const files = inputFiles(context, declaration.value.inputPaths)
  if (request.dryRun === null && !speaksOf(request.assumeReady, 'inputs')) {
    const fetched = await getInputs(context, files, request.transfers, report)
    if (!fetched.ok) return fetched
  }
  const identities = await identify(context, files)
  if (!identities.ok) return identities
  const scriptFile = ranInContainer ?? scriptFileOf(command.value)
  const script = scriptCopy(context, command.value, scriptFile)
  const [known, differed] = await Promise.all([
    identity,
    findDifferences(context, head.commit, identities.value, script),
  ])
  if (!known.ok) return known
  if (!differed.ok) return differed
  const logs = command.value.sbatch === null ? null : logPlan(command.value.sbatch.components[0])
  const fixed = logs === null ? [] : fixedLogs(logs, context.user)
  const declared = declaredOutputs(declaration.value, command.value.parts, request.reserveAll)
  if (!declared.ok) return declared
  const outputs = declared.value
  const spec: JobSpec = {
    title: command.value.scheduler === 'slurm' ? 'DATALAD SLURM RUN' : 'DATALAD RUNCMD',
    cmd: request.repeat?.cmd ?? joinWords(request.words),
    words: command.value.words,
    place: worktreePlace(context),
    pwd: relative(context.dataset.root, context.cwd) || '.',
    message: request.message,
    inputs: declaration.value.inputs.map(inputPath),
    extraInputs: declaration.value.extraInputs.map(inputPath),
    outputs,
    ...(request.whole ? { whole: true } : {}),
    chain: request.repeat?.chain ?? [],
    repeats: request.repeat?.slurmJobId ?? null,
    dsid: context.dataset.id,
    commit: head.commit,
    differed: differed.value,
    script,
    identities: identities.value,
    parts: command.value.parts,
    logs,
    array: request.array,
    ...(command.value.submitsItself ? { submitsItself: true } : {}),
    ...(request.expand === null ? {} : { expand: request.expand }),
    ...(request.repeat?.replaces == null ? {} : { replaces: request.repeat.replaces }),
    ...(declaration.value.taskOutputs.length === 0 ? {} : { taskOutputs: declaration.value.taskOutputs }),
    ...place,
    ...(request.keepAltDir ? { keepAltDir: true } : {}),
    ...(request.container === null ? {} : { container: request.container }),
  }
  return ok({
    spec,
    command: command.value,
    branch: head.ref,
    reserved: [
      ...(request.whole ? ['.'] : outputs),
      ...fixed.map((path) => placeInDataset(context.dataset.root, place, path) ?? path),
    ],
    declaration: declaration.value,
    request,
    words: words.value,
    scriptFile,
  })
}

/** `--after`: the open jobs to wait for, as sbatch says it. Jobs that have completed need no waiting. */
async function waitFor(
  context: Context,
  request: ScheduleRequest,
  command: Command,
): Promise<Fallible<readonly string[], Note>> {
  if (request.after.length === 0) return ok(command.words)
  if (command.submitsItself) return { ok: false, failure: { kind: 'after-needs-sbatch' } }
  if (command.sbatch === null) return { ok: false, failure: { kind: 'after-needs-slurm' } }
  const jobs: Job[] = []
  for (const name of request.after) {
    const found = findJob(context, name)
    const fit =
      'job' in found && isOpen(found.job) && found.job.scheduler === 'slurm' && found.job.schedulerId !== null
    if (!fit) return { ok: false, failure: { kind: 'after-unknown', job: name } }
    jobs.push(found.job)
  }
  const ids: string[] = []
  // Slurm starts at once what waits for a job that it has forgotten.
  for (const { job, verdict, evidence } of await observe(context, jobs, 'states')) {
    const name = calledName(job)
    if (verdict.kind === 'unanswered')
      return { ok: false, failure: { kind: 'job-unanswered', job: name, why: verdict.why } }
    const failed = evidence?.groups.some(
      ({ state }) => phaseOf(state) === 'over' && state !== 'COMPLETED' && job.members.length > 0,
    )
    if (verdict.kind === 'unknown' || failed || (verdict.kind === 'ended' && verdict.how === 'failed')) {
      return { ok: false, failure: { kind: 'after-failed', job: name, states: statusText(job, evidence) } }
    }
    if (verdict.kind !== 'ended') ids.push(...schedulerJobs(job).map(({ id }) => id))
  }
  if (ids.length === 0) return ok(command.words)
  const before = command.sbatch.components[0].dependency
  const dependency = [...(before === null ? [] : [before]), `afterok:${ids.join(':')}`].join(',')
  return ok(
    command.words.toSpliced(endOfOptions(command.words, command.sbatch), 0, `--dependency=${dependency}`),
  )
}

/** The batch script that sbatch reads, where it is a file that can be read. Absolute. */
function scriptFileOf({ sbatch }: Command): string | null {
  return sbatch?.script.kind === 'file' && sbatch.script.text !== null ? sbatch.script.path : null
}

function scriptCopy(context: Context, command: Command, file: string | null): ScriptCopy | null {
  const { objectFormat, root } = context.dataset
  if (file !== null)
    return { path: insideRoot(root, file) ?? file, blob: blobId(objectFormat, readFileSync(file)) }
  return command.sbatch?.script.kind === 'stdin' && command.stdin !== null
    ? { path: null, blob: blobId(objectFormat, command.stdin) }
    : null
}

function dryRun(context: Context, prepared: Prepared, report: (report: Report) => void, show: Show): void {
  const { spec, declaration } = prepared
  if (prepared.request.dryRun === 'command') {
    show(`${joinWords(prepared.words)}\n`, '')
    return
  }
  const lines = [
    `command: ${spec.cmd}`,
    `expanded: ${joinWords(prepared.words)}`,
    `runs: ${prepared.command.scheduler === 'slurm' ? 'on Slurm' : 'on this machine'}, in ${spec.altDir === undefined ? spec.pwd : startingDirectory(context, spec)}`,
    ...declaration.inputPaths.map((path) => `input: ${path}`),
    ...prepared.reserved.map((path) => `reserves: ${path}`),
  ]
  show(`${lines.join('\n')}\n`, '')
  const inTheWay = prepared.request.checkOutputs ? findInTheWay(context, prepared.reserved) : null
  report({
    ...aboutDataset(
      context,
      inTheWay === null ? 'ok' : 'impossible',
      inTheWay ?? { kind: 'scheduled', cmd: filledCommand(spec) },
    ),
    action: 'schedule [dry-run]',
  })
}

/** What now stands in the way of reserving these paths, or null. */
function findInTheWay(context: Context, paths: readonly string[]): Note | null {
  const foreign = checkForeign(context, paths)
  if (!foreign.ok) return foreign.failure
  const conflict = context.ledger.conflict(context.dataset.root, paths)
  if (conflict === null) return null
  const { wanted, reserved, job } = conflict
  return { kind: 'output-conflict', wanted, reserved, job: jobName(job), schedulerId: null }
}

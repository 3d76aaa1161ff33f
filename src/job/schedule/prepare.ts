import { relative } from 'node:path'
import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { blobId } from '../../dataset/blob-id.ts'
import { hashBytes, hashTogether, type Hashing } from '../../dataset/hash-files.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import { logPlan } from '../../slurm/log-pattern.ts'
import { findAltDir } from '../alt-dir/alt-dir.ts'
import { worktreePlace, type Context } from '../context.ts'
import {
  findDifferences,
  getInputs,
  identify,
  inputFiles,
  listInCommit,
  type AskedAlready,
} from '../inputs.ts'
import { fixedLogs, insideRoot, placeInDataset } from '../logs-plan.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import type { InputIdentity, JobSpec, ScriptCopy } from '../spec.ts'
import { chooseScheduler, understand, type Command } from './command.ts'
import type { Contained } from './container.ts'
import { declare, declaredOutputs, inputPath, type Declaration } from './declare.ts'
import type { Prepared } from './prepared.ts'
import { speaksOf, type ScheduleRequest } from './request.ts'
import { waitFor } from './wait-for-jobs.ts'

/** The branch that a job's record will go to, and the commit it stands at (null: none yet). */
export interface StartingPoint {
  readonly ref: string
  readonly commit: CommitId | null
}

/** A job as its request, its script and the work tree tell it, before its files were looked into. */
export interface Outline {
  readonly context: Context
  readonly request: ScheduleRequest
  readonly declaration: Declaration
  readonly place: Pick<JobSpec, 'altDir'>
  readonly command: Command
  /** The words to run, with what is added for `--after`. */
  readonly words: readonly string[]
  /** The files its inputs name: root-relative, or absolute outside. */
  readonly files: readonly string[]
  readonly scriptFile: string | null
}

/** Checks what one request asks for, and fetches the inputs that are absent. */
export async function outline(
  context: Context,
  { request, script: ranInContainer }: Contained,
  report: (report: Report) => void,
): Promise<Fallible<Outline, Note>> {
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
  const isOwn = request.launch?.script != null
  const scriptFile = ranInContainer ?? (isOwn ? null : scriptFileOf(command.value))
  return ok({
    context,
    request,
    declaration: declaration.value,
    place,
    command: command.value,
    words: words.value,
    files,
    scriptFile,
  })
}

/**
 * Finds out what the files of all these jobs are, by as many git processes as one job takes, and says of each what is to be
 * submitted. A failure is told of the jobs that it concerns; where it cannot be told which, of all.
 */
export async function prepare(
  context: Context,
  outlines: readonly Outline[],
  head: StartingPoint,
): Promise<readonly Fallible<Prepared, Note>[]> {
  const listing = listInCommit(context, head.commit, trackedPaths(context, outlines))
  const hash = hashTogether(context.dataset)
  const [identities, scripts, listed] = await Promise.all([
    identitiesOf(context, outlines, { listed: listing, hash }),
    scriptsOf(context, outlines, hash),
    listing,
  ])
  if (!listed.ok) return apart(context, outlines, head, listed)
  if (!identities.ok) return apart(context, outlines, head, identities)
  if (!scripts.ok) return apart(context, outlines, head, scripts)
  const copies = outlines.map((one) => scripts.value.get(one) ?? null)
  const differed = await findDifferences(context, listed.value, [...identities.value.values()], copies)
  if (!differed.ok) return apart(context, outlines, head, differed)
  return outlines.map((one, i) => {
    const own = one.files.flatMap((path) => identities.value.get(path) ?? [])
    return assemble(one, head, own, copies[i] ?? null, differed.value)
  })
}

/** What the commit may hold of them: inputs and scripts inside the dataset. */
function trackedPaths({ dataset }: Context, outlines: readonly Outline[]): readonly string[] {
  const paths = outlines.flatMap(({ files, scriptFile }) => [
    ...files.filter((path) => !path.startsWith('/')),
    ...(scriptFile === null ? [] : [insideRoot(dataset.root, scriptFile) ?? []]).flat(),
  ])
  return [...new Set(paths)]
}

/** One by one, to learn whose failure it is. */
async function apart(
  context: Context,
  outlines: readonly Outline[],
  head: StartingPoint,
  failure: Fallible<never, Note>,
): Promise<readonly Fallible<Prepared, Note>[]> {
  if (outlines.length === 1) return [failure]
  const each: Fallible<Prepared, Note>[] = []
  for (const one of outlines) each.push(...(await prepare(context, [one], head)))
  return each
}

async function identitiesOf(
  context: Context,
  outlines: readonly Outline[],
  asked: AskedAlready,
): Promise<Fallible<ReadonlyMap<string, InputIdentity>, Note>> {
  const files = [...new Set(outlines.flatMap((one) => one.files))]
  const identified = await identify(context, files, asked)
  return identified.ok ? ok(new Map(identified.value.map((one) => [one.path, one]))) : identified
}

async function scriptsOf(
  { dataset }: Context,
  outlines: readonly Outline[],
  hash: Hashing,
): Promise<Fallible<ReadonlyMap<Outline, ScriptCopy>, Note>> {
  const files = await hash(outlines.flatMap(({ scriptFile }) => scriptFile ?? []))
  if (!files.ok) return files
  const copies = new Map<Outline, ScriptCopy>()
  for (const one of outlines) {
    const { scriptFile: file, command, request } = one
    const own = request.launch?.script ?? null
    if (own !== null) {
      const blob = blobId(dataset.objectFormat, Buffer.from(own.text))
      copies.set(one, { path: own.path, blob, own: true })
    } else if (file !== null) {
      copies.set(one, { path: insideRoot(dataset.root, file) ?? file, blob: files.value.get(file) ?? '' })
    } else if (command.sbatch?.script.kind === 'stdin' && command.stdin !== null) {
      const blob = await hashBytes(dataset, command.stdin)
      if (!blob.ok) return blob
      copies.set(one, { path: null, blob: blob.value })
    }
  }
  return ok(copies)
}

/** The batch script that sbatch reads, where it is a file that can be read. Absolute. */
function scriptFileOf({ sbatch }: Command): string | null {
  return sbatch?.script.kind === 'file' && sbatch.script.text !== null ? sbatch.script.path : null
}

function assemble(
  { context, request, declaration, place, command, words, scriptFile }: Outline,
  head: StartingPoint,
  identities: readonly InputIdentity[],
  script: ScriptCopy | null,
  differed: ReadonlySet<string>,
): Fallible<Prepared, Note> {
  const logs = command.sbatch === null ? null : logPlan(command.sbatch.components[0])
  const fixed = logs === null ? [] : fixedLogs(logs, context.user)
  const declared = declaredOutputs(declaration, command.parts, request.reserveAll)
  if (!declared.ok) return declared
  const outputs = declared.value
  const spec: JobSpec = {
    title: command.scheduler === 'slurm' ? 'DATALAD SLURM RUN' : 'DATALAD RUNCMD',
    cmd: request.repeat?.cmd ?? joinWords(request.words),
    words: command.words,
    place: worktreePlace(context),
    pwd: relative(context.dataset.root, context.cwd) || '.',
    message: request.message,
    inputs: declaration.inputs.map(inputPath),
    extraInputs: declaration.extraInputs.map(inputPath),
    outputs,
    ...(request.whole ? { whole: true } : {}),
    chain: request.repeat?.chain ?? [],
    repeats: request.repeat?.slurmJobId ?? null,
    dsid: context.dataset.id,
    commit: head.commit,
    differed: differedOf(identities, script, differed),
    script,
    identities,
    parts: command.parts,
    logs,
    array: request.array,
    ...(command.submitsItself ? { submitsItself: true } : {}),
    ...(request.expand === null ? {} : { expand: request.expand }),
    ...(request.repeat?.replaces == null ? {} : { replaces: request.repeat.replaces }),
    ...(declaration.taskOutputs.length === 0 ? {} : { taskOutputs: declaration.taskOutputs }),
    ...place,
    ...(request.keepAltDir ? { keepAltDir: true } : {}),
    ...(request.container === null ? {} : { container: request.container }),
    ...(request.inGraph === undefined
      ? {}
      : { inGraph: { held: request.inGraph.held, behind: request.inGraph.behind } }),
    ...(request.asset === undefined ? {} : { asset: request.asset }),
    ...(request.weight === undefined ? {} : { weight: request.weight }),
    ...(request.checks === undefined || request.checks.length === 0 ? {} : { checks: request.checks }),
    ...(request.outputsPerTask === undefined ? {} : { outputsPerTask: request.outputsPerTask }),
    ...(declaration.patterns === null ? {} : { patterns: declaration.patterns }),
  }
  const reserved = [
    ...(request.whole ? ['.'] : outputs),
    ...fixed.map((path) => placeInDataset(context.dataset.root, place, path) ?? path),
  ]
  return ok({ context, spec, command, branch: head.ref, reserved, declaration, request, words, scriptFile })
}

/** Which of one job's inputs, and whether its script, differed from the commit. */
function differedOf(
  identities: readonly InputIdentity[],
  script: ScriptCopy | null,
  differed: ReadonlySet<string>,
): readonly string[] {
  const own = [...identities.map(({ path }) => path), ...(script?.path == null ? [] : [script.path])]
  return [...new Set(own.filter((path) => differed.has(path)))]
}

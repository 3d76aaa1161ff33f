import { join } from 'node:path'
import type { Room } from '../../contract/scheduler.ts'
import { checkIdentity } from '../../dataset/identity.ts'
import { startingDirectory } from '../alt-dir/alt-dir.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import type { Note } from '../note.ts'
import { noteDescriptions } from './after-submission.ts'
import { reconcile } from '../reconcile.ts'
import type { Report } from '../report.ts'
import { dryRun } from './dry-run.ts'
import { prepare, type Outline, type StartingPoint } from './prepare.ts'
import { wordsToRun } from './launch.ts'
import { aboutDataset, type KeptScript, type Prepared, type Show } from './prepared.ts'
import { wishOf, type Ready } from './ready.ts'
import type { ScheduleRequest } from './request.ts'
import { baseOf, checkOutputs, outlineOf } from './schedule.ts'
import { giveUp, makeFiles, reserve } from './intend.ts'
import { submit, warnOfOpenInputs } from './submit.ts'
import { submitMany } from './submit-many.ts'

/** One line of a batch: a job, or why it is none. What is wanted is asked for when its turn comes: of an array it may be long. */
export interface BatchLine {
  readonly line: number
  readonly wanted: ScheduleRequest | { readonly problem: string }
}

/** So many jobs go through each step together: few enough that Ctrl-C is heard within a second, and that the first begin soon. */
const chunkSizes = { first: 8, most: 64 } as const

/** So many paths, likewise; a single job may have more. */
const chunkPaths = 4000

/** One job on its way, with where to tell of it. */
interface Item {
  readonly prepared: Prepared
  readonly report: (report: Report) => void
}

/** What all chunks of a batch have in common. */
interface Surroundings {
  readonly room: () => Promise<Room>
  readonly show: Show
  /** Has what Slurm says of jobs noted. */
  readonly describe: (jobs: readonly Job[]) => void
}

/**
 * Submits many jobs in order; one that cannot be is told of, and the others go on. While some are submitted, the next are
 * looked at. `told` is called with how many lines are done whenever some are. `described` is waited for before the command
 * ends, and by nobody sooner: then the ledger has what Slurm says of them.
 */
export async function scheduleBatch(
  opened: Context,
  lines: readonly BatchLine[],
  report: (report: Report) => void,
  show: Show,
  told: (done: number) => void,
): Promise<{ readonly described: Promise<void> }> {
  await reconcile(opened, report)
  const refuse = (note: Note): { readonly described: Promise<void> } => {
    report(aboutDataset(opened, 'impossible', note))
    return { described: Promise.resolve() }
  }
  const changes = lines.some(({ wanted }) => !('problem' in wanted) && wanted.dryRun === null)
  const base = await baseOf(opened, changes)
  if (!base.ok) return refuse(base.failure)
  const { context, head } = base.value
  const identity = await checkIdentity(context.dataset)
  if (!identity.ok) return refuse(identity.failure)
  const room = onceNeeded(async () => context.schedulers.slurm.room())
  let submitting: Promise<void> = Promise.resolve()
  let describing: Promise<void> = Promise.resolve()
  // What Slurm says of them is asked while the next are submitted.
  const describe = (jobs: readonly Job[]): void => {
    describing = describing.then(async () => noteDescriptions(context, jobs))
    describing.catch(() => {})
  }
  let done = 0
  for (const chunk of chunksOf(lines)) {
    // It is asked about while jobs are looked at. What it throws is thrown where it is waited for.
    if (changes && chunk.some(({ wanted }) => !('problem' in wanted) && wanted.scheduler === 'slurm'))
      room().catch(() => {})
    const items = await look(context, chunk, head, report)
    await submitting
    told(done)
    done += chunk.length
    submitting = submitChunk(context, items, { room, show, describe })
    // What it throws is thrown where it is waited for.
    submitting.catch(() => {})
  }
  await submitting
  told(lines.length)
  return { described: describing }
}

/** Lines that go through each step together. */
function* chunksOf(lines: readonly BatchLine[]): Generator<readonly BatchLine[]> {
  let chunk: BatchLine[] = []
  let paths = 0
  let size: number = chunkSizes.first
  for (const one of lines) {
    const { line, wanted } = one
    const own = 'problem' in wanted ? 0 : wanted.inputs.length + wanted.outputs.length
    if (chunk.length === size || (chunk.length > 0 && paths + own > chunkPaths)) {
      yield chunk
      size = Math.min(chunkSizes.most, 2 * size)
      chunk = []
      paths = 0
    }
    chunk.push({ line, wanted })
    paths += own
  }
  if (chunk.length > 0) yield chunk
}

/** Thinks the jobs of some lines through; says of the others why not. */
async function look(
  context: Context,
  lines: readonly BatchLine[],
  head: StartingPoint,
  report: (report: Report) => void,
): Promise<readonly Item[]> {
  const outlined: { readonly outline: Outline; readonly report: (report: Report) => void }[] = []
  for (const { line, wanted } of lines) {
    const tell = ofLine(report, line)
    const outline =
      'problem' in wanted
        ? ({ ok: false, failure: { kind: 'bad-line', problem: wanted.problem } } as const)
        : await outlineWanted(context, wanted, tell)
    if (outline.ok) outlined.push({ outline: outline.value, report: tell })
    else tell(aboutDataset(context, 'impossible', outline.failure))
  }
  const prepared = await prepare(
    context,
    outlined.map((one) => one.outline),
    head,
  )
  return outlined.flatMap((one, i): readonly Item[] => {
    const done = prepared[i]
    if (done?.ok) return [{ prepared: done.value, report: one.report }]
    if (done !== undefined) one.report(aboutDataset(context, 'impossible', done.failure))
    return []
  })
}

async function outlineWanted(
  context: Context,
  wanted: ScheduleRequest,
  report: (report: Report) => void,
): ReturnType<typeof outlineOf> {
  const named = checkOutputs(wanted)
  if (!named.ok) return named
  const outline = await outlineOf(context, wanted, report)
  // The jobs behind it would wait for its end.
  return outline.ok && outline.value.command.sbatch?.wait === true
    ? { ok: false, failure: { kind: 'wait-in-batch' } }
    : outline
}

/** What is told of one line says which. */
function ofLine(report: (report: Report) => void, line: number): (report: Report) => void {
  return ({ note, facts, ...one }) =>
    report({
      ...one,
      ...(note === undefined ? {} : { note: { kind: 'of-line', line, note } }),
      facts: { line, ...facts },
    })
}

/** Submits in order: runs of plain jobs of one scheduler together, each other one by itself. */
async function submitChunk(
  context: Context,
  items: readonly Item[],
  { room, show, describe }: Surroundings,
): Promise<void> {
  let plain: Item[] = []
  const flush = async (): Promise<void> => {
    const run = plain
    plain = []
    if (run.length > 0) await submitPlain(context, run, { room, show, describe })
  }
  for (const item of items) {
    const { prepared, report } = item
    if (prepared.request.dryRun !== null) dryRun(prepared.context, prepared, report, show)
    else if (isPlain(prepared)) {
      if (plain[0]?.prepared.command.scheduler !== prepared.command.scheduler) await flush()
      plain.push(item)
    } else {
      await flush()
      await submit(prepared.context, prepared, report, show, () => {})
    }
  }
  await flush()
}

function isPlain({ command, request }: Prepared): boolean {
  return command.scheduler === 'slurm'
    ? command.submitsItself === undefined && !command.sbatch?.submitsNothing
    : request.stderrApart !== true
}

/** This machine queues whatever it is given. */
const endless: Room = {
  admit: () => ({ kind: 'fits' }),
  largest: () => Infinity,
  refused: (_, limit) => ({ kind: 'limit', limit, of: '', most: null }),
}

/** One transaction reserves them all. */
async function submitPlain(
  context: Context,
  items: readonly Item[],
  { room, show, describe }: Surroundings,
): Promise<void> {
  for (const { prepared, report } of items) warnOfOpenInputs(context, prepared, report)
  const isSlurm = items[0]?.prepared.command.scheduler === 'slurm'
  const limits = isSlurm ? await room() : endless
  const noted = await context.critical(async () => {
    const reserved = context.ledger.transaction(() =>
      items.map((item) => ({ item, job: reserve(context, item.prepared, item.report) })),
    )
    const ready: Ready[] = []
    let alike: KeptScript | null = null
    for (const { item, job } of reserved) {
      if (job === null) continue
      const intended = await makeFiles(context, item.prepared, job, item.report, alike)
      const blob = item.prepared.scriptFile === null ? undefined : item.prepared.spec.script?.blob
      if (blob !== undefined && intended !== null)
        alike = { blob, file: join(jobFolder(context, job.token), 'script') }
      if (intended !== null) ready.push(readyFor(item, intended.job, intended.stdinFile, show))
    }
    return ready
  })
  const submitted = await submitMany(context, await copyElsewhere(context, noted), limits)
  if (isSlurm) describe(submitted)
}

function readyFor({ prepared, report }: Item, job: Job, stdinFile: string | null, show: Show): Ready {
  const { context, spec, request } = prepared
  return {
    job,
    ...wordsToRun(context, prepared, job),
    cwd: startingDirectory(context, spec),
    env: context.env,
    stdinFile,
    wish: wishOf(prepared),
    checkOutputs: request.checkOutputs,
    report,
    show,
  }
}

/** Jobs that run elsewhere have their inputs copied there first. This may take long, and may be cut anywhere. */
async function copyElsewhere(context: Context, noted: readonly Ready[]): Promise<readonly Ready[]> {
  if (noted.every(({ job }) => job.spec.altDir === undefined)) return noted
  const { prepareAltDir } = await import('../alt-dir/alt-inputs.ts')
  const ready: Ready[] = []
  for (const one of noted) {
    const copied =
      one.job.spec.altDir === undefined ? null : await prepareAltDir(context, one.job, one.report)
    if (copied === null || copied.ok) {
      ready.push(one)
      continue
    }
    await giveUp(context, one.job, one.report)
    one.report(aboutDataset(context, 'impossible', copied.failure))
  }
  return ready
}

function onceNeeded<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null
  return async () => (asked ??= ask())
}

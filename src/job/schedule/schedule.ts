import { ok, type Fallible } from '../../contract/fallible.ts'
import type { JobId } from '../../contract/ids.ts'
import { checkCommittable, readHead } from '../../dataset/head.ts'
import { checkIdentity } from '../../dataset/identity.ts'
import { withAnnex } from '../../dataset/initialise-annex.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import { reconcile } from '../reconcile.ts'
import type { Report } from '../report.ts'
import type { Contained } from './container.ts'
import { dryRun } from './dry-run.ts'
import { outline, prepare, type Outline, type StartingPoint } from './prepare.ts'
import { aboutDataset, type Show } from './prepared.ts'
import type { ScheduleRequest } from './request.ts'
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
  const named = checkOutputs(request)
  if (!named.ok) return refuse(named.failure)
  const base = await baseOf(opened, request.dryRun === null)
  if (!base.ok) return refuse(base.failure)
  const { context, head } = base.value
  // Needed at the end: git runs beside the rest.
  const identity = checkIdentity(context.dataset)
  const outlined = await outlineOf(context, request, report)
  if (!outlined.ok) return refuse(outlined.failure)
  const [[prepared], known] = await Promise.all([prepare(context, [outlined.value], head), identity])
  if (!known.ok) return refuse(known.failure)
  if (prepared === undefined) throw new Error('a job came of nothing')
  if (!prepared.ok) return refuse(prepared.failure)
  if (request.dryRun !== null) {
    dryRun(prepared.value.context, prepared.value, report, show)
    return { exitCode: null, job: null }
  }
  return submit(prepared.value.context, prepared.value, report, show, begun)
}

/**
 * Fails where no output is named; a job that ran elsewhere is not told by what has changed in all of a dataset, and an asset
 * may live outside of it.
 */
export function checkOutputs(request: ScheduleRequest): Fallible<null, Note> {
  const needless = (request.whole && request.altDir === null) || request.asset !== undefined
  return request.outputs.length === 0 && !needless ? { ok: false, failure: { kind: 'no-outputs' } } : ok(null)
}

/** Where jobs are scheduled: the dataset with its git-annex made ready, and where its branch stands. */
export async function baseOf(
  opened: Context,
  changes: boolean,
): Promise<Fallible<{ readonly context: Context; readonly head: StartingPoint }, Note>> {
  const head = await readHead(opened.dataset)
  if (!head.ok) return head
  const { ref, commit } = head.value
  if (ref === null) return { ok: false, failure: { kind: 'detached-head' } }
  // A merge in progress may well be over when the job has ended.
  const committable = checkCommittable({ ...head.value, inProgress: null })
  if (!committable.ok) return committable
  // Only where a job can be scheduled at all is git-annex made ready for it.
  const annexed = changes ? await withAnnex(opened.dataset) : ok(opened.dataset)
  return annexed.ok ? ok({ context: { ...opened, dataset: annexed.value }, head: { ref, commit } }) : annexed
}

/** A request thought through, in its container where it names one. */
export async function outlineOf(
  context: Context,
  request: ScheduleRequest,
  report: (report: Report) => void,
): Promise<Fallible<Outline, Note>> {
  // Most jobs need no container: what finds one is loaded for those that do.
  const contained: Fallible<Contained, Note> =
    request.container === null
      ? ok({ request, env: {}, script: null })
      : await (await import('./container.ts')).inContainer(context, request, request.container, report)
  if (!contained.ok) return contained
  const { env } = contained.value
  const inside = Object.keys(env).length === 0 ? context : { ...context, env: { ...context.env, ...env } }
  return outline(inside, contained.value, report)
}

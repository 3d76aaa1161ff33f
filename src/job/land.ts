import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { writeCommits } from '../dataset/commits.ts'
import { readSigning } from '../dataset/config.ts'
import type { Context } from './context.ts'
import type { Draft } from './draft.ts'
import { aboutJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Gathered } from './gather.ts'
import { moveAndMark } from './move.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import { calledName, jobFacts } from './select.ts'
import { aboutRest } from './tell-tasks.ts'

/** Writes the commits, moves the branch and marks the jobs; the reports of what was done, or why it could not be. */
export async function land(
  context: Context,
  gathered: Gathered,
  _landing: FinishRequest['landing'],
): Promise<Fallible<readonly Report[], Note>> {
  const { dataset } = context
  const { drafts, from, operation, ref } = gathered
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
    const recorded = wanted.map(({ collection: { ended } }, i) => ({
      job: ended.job.id,
      commit: mustHave(written.value[i]),
      ...(ended.part?.keepsOpen ? { tasks: ended.part.tasks } : {}),
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
  const { part, evidence } = one.collection.ended
  const done: Report = {
    action: 'save',
    status: 'ok',
    path: '.',
    type: 'dataset',
    facts: { ...facts, ...(part === undefined ? {} : { tasks: part.tasks }) },
  }
  return part?.keepsOpen ? [done, aboutRest(job, part, evidence)] : [done]
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

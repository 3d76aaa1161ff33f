import type { CommitId, JobId, JobToken, SchedulerJobId } from '../contract/ids.ts'
import type { SQLInputValue } from 'node:sqlite'
import type { Member } from '../contract/scheduler.ts'
import type { Held, JobChange, JobRow, JobState, RecordedTasks, Submitter } from './job-row.ts'

/** JSON for a column that may be empty. */
export function toJson(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value)
}

/** A change as columns of the table `jobs`; absent keys are left out. */
export function toColumns(change: JobChange<unknown>): Record<string, SQLInputValue> {
  const columns: Record<string, SQLInputValue> = {}
  if (change.state !== undefined) columns['state'] = change.state
  if (change.schedulerId !== undefined) columns['scheduler_id'] = change.schedulerId
  if (change.cluster !== undefined) columns['cluster'] = change.cluster
  if (change.submittedAt !== undefined) columns['submitted_at'] = change.submittedAt
  if (change.endedAt !== undefined) columns['ended_at'] = change.endedAt
  if (change.submitter !== undefined) columns['submitter'] = toJson(change.submitter)
  if (change.observed !== undefined) columns['observed'] = toJson(change.observed)
  if (change.commit !== undefined) columns['commit_id'] = change.commit
  if (change.members !== undefined) columns['members'] = toJson(change.members)
  if (change.recorded !== undefined) columns['recorded'] = toJson(change.recorded)
  if (change.held !== undefined) columns['held'] = toJson(change.held)
  return columns
}

/** A row of the table `jobs`. */
export function toJob<Spec, Observed>(row: Record<string, unknown>): JobRow<Spec, Observed> {
  const parse = (column: string): unknown => (row[column] === null ? null : JSON.parse(String(row[column])))
  const number = (column: string): number | null => (row[column] === null ? null : Number(row[column]))
  return {
    id: Number(row['id']) as JobId,
    token: String(row['token']) as JobToken,
    state: String(row['state']) as JobState,
    scheduler: row['scheduler'] === 'local' ? 'local' : 'slurm',
    schedulerId: row['scheduler_id'] === null ? null : (String(row['scheduler_id']) as SchedulerJobId),
    cluster: row['cluster'] === null ? null : String(row['cluster']),
    createdAt: Number(row['created_at']),
    submittedAt: number('submitted_at'),
    endedAt: number('ended_at'),
    user: String(row['user']),
    worktree: String(row['worktree']),
    branch: String(row['branch']),
    submitter: parse('submitter') as Submitter | null,
    spec: JSON.parse(String(row['spec'])) as Spec,
    observed: parse('observed') as Observed | null,
    commit: row['commit_id'] === null ? null : (String(row['commit_id']) as CommitId),
    members: (parse('members') as readonly Member[] | null) ?? [],
    recorded: (parse('recorded') as readonly RecordedTasks[] | null) ?? [],
    held: parse('held') as Held | null,
  }
}

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { EpochSeconds, JobId, RunId, SchedulerJobId } from '../contract/ids.ts'
import { asBroken } from './broken.ts'
import { claimHeld, hasHeld, holdAgain, openWorktrees } from './held.ts'
import { toColumns, toJob, toJson } from './job-columns.ts'
import type { Held, JobChange, JobRow, JobState, NewJob, Submitter } from './job-row.ts'
import { dropLease, holdsLease, leaseHolder, renewLease, takeLease } from './leases.ts'
import {
  keepMessages,
  messagesOf,
  messagesOfRun,
  newestMessage,
  positionsOf,
  type KeptMessage,
  type KeptPosition,
  type ReadMessages,
} from './messages.ts'
import { insertMove, readMoves, type PendingMove } from './moves.ts'
import { openLedgerFile, type LedgerPlace } from './open.ts'
import { prepared } from './prepared.ts'
import {
  changeRun,
  dropReports,
  insertRun,
  keepReports,
  readRun,
  readRunOf,
  readRuns,
  readUnendedRuns,
  reportsOf,
  type KeptReport,
  type NewRun,
  type RunChange,
  type RunRow,
  type RunState,
} from './runs.ts'
import { isOpen } from './schema.ts'
import { adopt, findConflict, release, reserve, type Conflict } from './reservations.ts'

/** One thing that happened to a job; kept for good. */
export interface JobEvent {
  readonly at: EpochSeconds
  readonly kind: string
  readonly data: unknown
}

const closedStates: ReadonlySet<JobState> = new Set(['recorded', 'closed', 'refused'])

/**
 * Open work, in SQLite beside the repository. Every method is one short transaction, or part of the one that
 * `transaction` holds. Methods throw LedgerBroken when the file or its disk is at fault.
 */
export class Ledger<Spec, Observed, Plan> {
  readonly path: string
  readonly warning: string | null
  private readonly db: DatabaseSync
  private readonly wal: boolean

  constructor(place: LedgerPlace) {
    const opened = openLedgerFile(place)
    this.db = opened.db
    this.path = opened.path
    this.warning = opened.warning
    this.wal = opened.wal
  }

  close(): void {
    this.db.close()
  }

  /** Runs `work` with the ledger's write lock held: all of it is kept, or none. Inside another it is a part of that one. */
  transaction<T>(work: () => T): T {
    if (this.db.isTransaction) return this.guarded(work)
    return this.guarded(() => {
      this.db.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.db.exec('COMMIT')
        return result
      } catch (error) {
        if (this.db.isTransaction) this.db.exec('ROLLBACK')
        throw error
      }
    })
  }

  /**
   * Does work whose notes need not be forced to the disk: they outlive this process, and where the power fails it is found
   * out anew what they said. Each wait for the disk that is left out is a part of what a command takes.
   */
  unforced<T>(work: () => T): T {
    if (!this.wal || this.db.isTransaction) return work()
    return this.guarded(() => {
      this.db.exec('PRAGMA synchronous = NORMAL')
      try {
        return work()
      } finally {
        this.db.exec('PRAGMA synchronous = FULL')
      }
    })
  }

  /**
   * Notes a job before it is submitted, reserving its paths, or says what stands in the way: nothing does when `check` is
   * false, and not what the job `except` has, which is to hand it over.
   */
  intend(
    job: NewJob<Spec>,
    paths: readonly string[],
    { check = true, except = null }: { readonly check?: boolean; readonly except?: JobId | null } = {},
  ): { readonly id: JobId } | { readonly conflict: Conflict } {
    return this.transaction(() => {
      const conflict = check ? findConflict(this.db, job.worktree, paths, except) : null
      if (conflict !== null) return { conflict }
      const inserted = this.db
        .prepare(
          `INSERT INTO jobs (token, state, scheduler, created_at, user, worktree, branch, submitter, spec, replaces, run)
           VALUES (?, 'intended', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          job.token,
          job.scheduler,
          job.createdAt,
          job.user,
          job.worktree,
          job.branch,
          toJson(job.submitter),
          JSON.stringify(job.spec),
          job.replaces,
          job.run,
        )
      const id = Number(inserted.lastInsertRowid) as JobId
      reserve(this.db, job.worktree, id, paths)
      this.addEvent(id, job.createdAt, 'intended', {})
      return { id }
    })
  }

  /**
   * Changes a job and notes why; false, and nothing is changed, when its life has ended meanwhile (a state is given) or it
   * has its scheduler's id already (one is given). Ending its open life releases its paths.
   */
  change(
    id: JobId,
    at: EpochSeconds,
    kind: string,
    change: JobChange<Observed>,
    data: unknown = {},
  ): boolean {
    const columns = toColumns(change)
    const names = Object.keys(columns)
    // The caller may have looked a while ago: what has ended since does not come to life again.
    const guard =
      (change.state === undefined ? '' : ` AND ${isOpen}`) +
      (change.schedulerId === undefined ? '' : ' AND scheduler_id IS NULL')
    return this.transaction(() => {
      if (names.length > 0) {
        const set = names.map((name) => `${name} = ?`).join(', ')
        const update = prepared(this.db, `UPDATE jobs SET ${set} WHERE id = ?${guard}`)
        const changed = update.run(...Object.values(columns), id)
        if (changed.changes === 0) return false
      }
      if (change.state !== undefined && closedStates.has(change.state)) {
        release(this.db, id)
        prepared(this.db, 'DELETE FROM writable WHERE job = ?').run(id)
      }
      this.addEvent(id, at, kind, data)
      return true
    })
  }

  /**
   * Takes a held job for `submitter`; false when it is not held any more, or was taken by somebody else than `before`. It
   * stays held until it is submitted: what dies before that has changed nothing.
   */
  claimHeld(id: JobId, before: Submitter | null, submitter: Submitter): boolean {
    return this.guarded(() => claimHeld(this.db, id, before, submitter))
  }

  /** Notes that a held job was looked at again, and what it waits for now. */
  holdAgain(id: JobId, held: Held): void {
    this.guarded(() => holdAgain(this.db, id, held))
  }

  /** Newest evidence about an open job, without an event: looks are many. A job that has ended its life meanwhile stays as it is. */
  observe(id: JobId, state: JobState, observed: Observed, endedAt: EpochSeconds | null): void {
    this.guarded(() =>
      prepared(
        this.db,
        `UPDATE jobs SET state = ?, observed = ?, ended_at = ? WHERE id = ? AND ${isOpen}`,
      ).run(state, JSON.stringify(observed), endedAt, id),
    )
  }

  /** The first open reservation, but those of the job `except`, that meets one of the paths; or null. */
  conflict(worktree: string, paths: Iterable<string>, except: JobId | null = null): Conflict | null {
    return this.guarded(() => findConflict(this.db, worktree, paths, except))
  }

  job(id: JobId): JobRow<Spec, Observed> | null {
    return this.guarded(() => {
      const row = prepared(this.db, 'SELECT * FROM jobs WHERE id = ?').get(id)
      return row === undefined ? null : toJob<Spec, Observed>(row)
    })
  }

  /** Jobs by their numbers, oldest first; of numbers that no job has there is nothing. */
  jobsOf(ids: readonly JobId[]): readonly JobRow<Spec, Observed>[] {
    return this.jobs(
      'SELECT * FROM jobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
      JSON.stringify(ids),
    )
  }

  /** The numbers of all open jobs of all worktrees, oldest first. */
  openIds(): readonly JobId[] {
    // SQLite would rather read all jobs there ever were, in order, than sort the few that are open.
    return this.ids(`SELECT id FROM jobs INDEXED BY jobs_open WHERE ${isOpen} ORDER BY id`)
  }

  /** The open jobs of one worktree, oldest first. */
  openJobsIn(worktree: string): readonly JobRow<Spec, Observed>[] {
    return this.jobs(`SELECT * FROM jobs WHERE ${isOpen} AND worktree = ? ORDER BY id`, worktree)
  }

  /** The numbers of those jobs, oldest first: what they are need not be read for it. */
  openIdsIn(worktree: string): ReadonlySet<JobId> {
    return new Set(this.ids(`SELECT id FROM jobs WHERE ${isOpen} AND worktree = ? ORDER BY id`, worktree))
  }

  /**
   * Open jobs that were to be submitted and that their scheduler has given no id, as far as anybody noted. Held ones are
   * among them while somebody submits them, or has died over it.
   */
  unsubmittedJobs(): readonly JobRow<Spec, Observed>[] {
    return this.jobs(
      `SELECT * FROM jobs INDEXED BY jobs_unsubmitted WHERE scheduler_id IS NULL AND (held IS NULL OR submitter IS NOT NULL) AND ${isOpen} ORDER BY id`,
    )
  }

  /** Jobs of one worktree that wait here for a limit of the site to have room, oldest first. */
  heldJobs(worktree: string): readonly JobRow<Spec, Observed>[] {
    return this.jobs(
      `SELECT * FROM jobs WHERE held IS NOT NULL AND ${isOpen} AND worktree = ? ORDER BY id`,
      worktree,
    )
  }

  /** Whether any job of the worktree waits here: one step in the index. */
  hasHeld(worktree: string): boolean {
    return this.guarded(() => hasHeld(this.db, worktree))
  }

  /** The open job that is to take the place of that one, or null. */
  replacementOf(id: JobId): JobRow<Spec, Observed> | null {
    return this.jobs(`SELECT * FROM jobs WHERE replaces = ? AND ${isOpen} ORDER BY id LIMIT 1`, id)[0] ?? null
  }

  /** The worktrees that open jobs were submitted from: one step in the index for each, however many jobs. */
  openWorktrees(): readonly string[] {
    return this.guarded(() => openWorktrees(this.db))
  }

  /** A job's worktree stands elsewhere now: its reservations go with it. */
  adoptJob(id: JobId, at: EpochSeconds, worktree: string): void {
    this.transaction(() => {
      this.db.prepare('UPDATE jobs SET worktree = ? WHERE id = ?').run(worktree, id)
      adopt(this.db, id, worktree)
      this.addEvent(id, at, 'moved', { worktree })
    })
  }

  /** Open jobs whose command submitted by itself: there may be more than was noted. */
  openJobsWithMembers(): readonly JobRow<Spec, Observed>[] {
    return this.jobs(`SELECT * FROM jobs WHERE members IS NOT NULL AND ${isOpen} ORDER BY id`)
  }

  /** Jobs of any state that the scheduler calls `id`, or one of whose members it does; newest first. */
  jobsBySchedulerId(id: SchedulerJobId): readonly JobRow<Spec, Observed>[] {
    return this.jobs(
      `SELECT * FROM jobs WHERE scheduler_id = ?1 OR (members IS NOT NULL AND EXISTS (
             SELECT 1 FROM json_each(members) WHERE json_extract(value, '$.id') = ?1)) ORDER BY id DESC`,
      id,
    )
  }

  /** Notes of files made writable for a job, by path; kept before the files are touched. */
  keepWritable(job: JobId, notes: readonly { readonly path: string; readonly note: unknown }[]): void {
    this.transaction(() => {
      const insert = this.db.prepare('INSERT OR REPLACE INTO writable (job, path, note) VALUES (?, ?, ?)')
      for (const { path, note } of notes) insert.run(job, path, JSON.stringify(note))
    })
  }

  writable(job: JobId): readonly { readonly path: string; readonly note: unknown }[] {
    return this.guarded(() =>
      this.db
        .prepare('SELECT path, note FROM writable WHERE job = ?')
        .all(job)
        .map((row) => ({ path: String(row['path']), note: JSON.parse(String(row['note'])) as unknown })),
    )
  }

  events(job: JobId): readonly JobEvent[] {
    return this.guarded(() =>
      this.db
        .prepare('SELECT at, kind, data FROM events WHERE job = ? ORDER BY id')
        .all(job)
        .map((row) => ({
          at: Number(row['at']),
          kind: String(row['kind']),
          data: JSON.parse(String(row['data'])) as unknown,
        })),
    )
  }

  /**
   * Notes a branch move before its first step; false when it may not begin, because the lease `name` is no longer
   * `owner`'s or one of the jobs has ended its life.
   */
  beginMove(move: PendingMove<Plan>, name: string, owner: string): boolean {
    return this.transaction(() => holdsLease(this.db, name, owner) && insertMove(this.db, move))
  }

  endMove(id: string): void {
    this.guarded(() => this.db.prepare('DELETE FROM moves WHERE id = ?').run(id))
  }

  pendingMoves(): readonly PendingMove<Plan>[] {
    return this.guarded(() => readMoves<Plan>(this.db))
  }

  /** Notes that accounting's last word about a recorded job is still to come. */
  awaitFacts(job: JobId): void {
    this.guarded(() => this.db.prepare('INSERT OR IGNORE INTO late_facts (job) VALUES (?)').run(job))
  }

  /** Recorded jobs whose facts were late when they were recorded, by their numbers. */
  awaitingFacts(): readonly JobId[] {
    return this.ids('SELECT job AS id FROM late_facts ORDER BY job')
  }

  /** The facts have come, or never will. */
  gotFacts(job: JobId): void {
    this.guarded(() => this.db.prepare('DELETE FROM late_facts WHERE job = ?').run(job))
  }

  /**
   * Takes the named lease until `expires`, or gives back who holds it. `standing` says what this host can tell of an
   * owner: only where it can tell nothing does the lease run out by time.
   */
  takeLease(
    name: string,
    owner: string,
    now: EpochSeconds,
    expires: EpochSeconds,
    standing: (owner: string) => 'alive' | 'dead' | 'elsewhere',
  ): { readonly held: true } | { readonly held: false; readonly owner: string } {
    return this.transaction(() => takeLease(this.db, { name, owner, now, expires, standing }))
  }

  /** Lets the named lease last until `expires`, where it is still ours: one that was lost is not taken back so. */
  renewLease(name: string, owner: string, expires: EpochSeconds): void {
    this.guarded(() => renewLease(this.db, name, owner, expires))
  }

  /** Whether the named lease is still `owner`'s. */
  holdsLease(name: string, owner: string): boolean {
    return this.guarded(() => holdsLease(this.db, name, owner))
  }

  /** Who holds the named lease, and until when without another beat; or null. */
  leaseHolder(name: string): { readonly owner: string; readonly expires: EpochSeconds } | null {
    return this.guarded(() => leaseHolder(this.db, name))
  }

  /** Gives the lease back, where it is still ours. */
  dropLease(name: string, owner: string): void {
    this.guarded(() => dropLease(this.db, name, owner))
  }

  /**
   * Keeps what was read of a file of messages, and how far, together; false, and nothing is kept, when somebody else has
   * read on from there meanwhile.
   */
  keepMessages(read: ReadMessages): boolean {
    return this.transaction(() => keepMessages(this.db, read))
  }

  /** How far each file of a job's messages was read. */
  positionsOf(job: JobId): readonly KeptPosition[] {
    return this.guarded(() => positionsOf(this.db, job))
  }

  /** What a job's payloads said after message `after` (0: from the first), at most `most` of it. */
  messagesOf(job: JobId, after: number, most: number): readonly KeptMessage[] {
    return this.guarded(() => messagesOf(this.db, job, after, most))
  }

  /** What the payloads of a run's jobs said after message `after`, at most `most` of it. */
  messagesOfRun(run: string, after: number, most: number): ReturnType<typeof messagesOfRun> {
    return this.guarded(() => messagesOfRun(this.db, run, after, most))
  }

  /** The number of the newest message; 0: there is none. */
  newestMessage(): number {
    return this.guarded(() => newestMessage(this.db))
  }

  /** Notes a run of assets that begins. */
  beginRun(run: NewRun): RunId {
    return this.transaction(() => insertRun(this.db, run))
  }

  /** Changes a run; false, and nothing is changed, where its state is none of `from` (null: any). */
  changeRun(id: RunId, change: RunChange, from: readonly RunState[] | null = null): boolean {
    return this.guarded(() => changeRun(this.db, id, change, from))
  }

  run(id: RunId): RunRow | null {
    return this.guarded(() => readRun(this.db, id))
  }

  /** A run by its token, or null. */
  runOf(token: string): RunRow | null {
    return this.guarded(() => readRunOf(this.db, token))
  }

  /** The newest runs of all worktrees, newest first. */
  runs(most: number): readonly RunRow[] {
    return this.guarded(() => readRuns(this.db, most))
  }

  /** The runs of a worktree that have not come to their end, newest first. */
  unendedRuns(worktree: string): readonly RunRow[] {
    return this.guarded(() => readUnendedRuns(this.db, worktree))
  }

  /** All jobs of a run, oldest first, by its token. */
  jobsOfRun(token: string): readonly JobRow<Spec, Observed>[] {
    return this.jobs('SELECT * FROM jobs WHERE run = ? ORDER BY id', token)
  }

  /** The newest job that makes an asset, or (not null) one key of it, by the names in its spec; or null. */
  newestOfAsset(worktree: string, asset: string, key: string | null): JobRow<Spec, Observed> | null {
    const [newest] = this.jobs(
      `SELECT * FROM jobs WHERE run IS NOT NULL AND worktree = ?1 AND state <> 'refused' AND json_extract(spec, '$.asset.name') = ?2
         AND (?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(spec, '$.asset.keys') WHERE value = ?3))
       ORDER BY id DESC LIMIT 1`,
      worktree,
      asset,
      key,
    )
    return newest ?? null
  }

  /** Keeps what is said while a run is driven, for whoever watches; gives the number of the last (0: nothing was). */
  keepReports(id: RunId, reports: Parameters<typeof keepReports>[2]): number {
    return this.transaction(() => keepReports(this.db, id, reports))
  }

  /** What was said of a run after report `after` (0: from the first). */
  reportsOf(id: RunId, after: number): readonly KeptReport[] {
    return this.guarded(() => reportsOf(this.db, id, after))
  }

  /** Forgets what was said of a run. */
  dropReports(id: RunId): void {
    this.guarded(() => dropReports(this.db, id))
  }

  private jobs(sql: string, ...values: readonly SQLInputValue[]): readonly JobRow<Spec, Observed>[] {
    return this.guarded(() =>
      prepared(this.db, sql)
        .all(...values)
        .map((row) => toJob<Spec, Observed>(row)),
    )
  }

  private ids(sql: string, ...values: readonly SQLInputValue[]): readonly JobId[] {
    return this.guarded(() =>
      prepared(this.db, sql)
        .all(...values)
        .map((row) => Number(row['id']) as JobId),
    )
  }

  private addEvent(job: JobId, at: EpochSeconds, kind: string, data: unknown): void {
    prepared(this.db, 'INSERT INTO events (job, at, kind, data) VALUES (?, ?, ?, ?)').run(
      job,
      at,
      kind,
      JSON.stringify(data),
    )
  }

  private guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw asBroken(error, this.path)
    }
  }
}

/**
 * The ledger's tables, as numbered steps: step N brings a file of version N (PRAGMA user_version) to N + 1. A step once
 * released is never changed.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    scheduler TEXT NOT NULL,
    scheduler_id TEXT,
    cluster TEXT,
    created_at REAL NOT NULL,
    submitted_at REAL,
    ended_at REAL,
    user TEXT NOT NULL,
    worktree TEXT NOT NULL,
    branch TEXT NOT NULL,
    submitter TEXT,
    spec TEXT NOT NULL,
    observed TEXT,
    commit_id TEXT
  ) STRICT;
  CREATE INDEX jobs_open ON jobs (state) WHERE state NOT IN ('recorded', 'closed', 'refused');
  CREATE INDEX jobs_by_scheduler_id ON jobs (scheduler_id);
  CREATE TABLE reservations (
    worktree TEXT NOT NULL,
    prefix TEXT NOT NULL,
    pattern TEXT NOT NULL,
    job INTEGER NOT NULL REFERENCES jobs (id),
    PRIMARY KEY (worktree, prefix, pattern, job)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reservations_by_job ON reservations (job);
  CREATE TABLE writable (
    job INTEGER NOT NULL REFERENCES jobs (id),
    path TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (job, path)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL REFERENCES jobs (id),
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_job ON events (job);
  CREATE TABLE moves (
    id TEXT PRIMARY KEY,
    worktree TEXT NOT NULL,
    plan TEXT NOT NULL,
    jobs TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE late_facts (
    job INTEGER PRIMARY KEY REFERENCES jobs (id)
  ) STRICT;
  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    expires REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE jobs ADD COLUMN members TEXT;
  ALTER TABLE jobs ADD COLUMN recorded TEXT;
  `,
  `
  ALTER TABLE jobs ADD COLUMN held TEXT;
  ALTER TABLE jobs ADD COLUMN replaces INTEGER;
  UPDATE jobs SET replaces = json_extract(spec, '$.replaces');
  DROP INDEX jobs_open;
  CREATE INDEX jobs_open ON jobs (worktree, id) WHERE state NOT IN ('recorded', 'closed', 'refused');
  CREATE INDEX jobs_unsubmitted ON jobs (id)
    WHERE scheduler_id IS NULL AND (held IS NULL OR submitter IS NOT NULL) AND state NOT IN ('recorded', 'closed', 'refused');
  CREATE INDEX jobs_held ON jobs (worktree, id)
    WHERE held IS NOT NULL AND state NOT IN ('recorded', 'closed', 'refused');
  CREATE INDEX jobs_with_members ON jobs (id)
    WHERE members IS NOT NULL AND state NOT IN ('recorded', 'closed', 'refused');
  CREATE INDEX jobs_replacing ON jobs (replaces)
    WHERE replaces IS NOT NULL AND state NOT IN ('recorded', 'closed', 'refused');
  `,
  `
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL REFERENCES jobs (id),
    task INTEGER NOT NULL,
    at REAL NOT NULL,
    event TEXT NOT NULL
  ) STRICT;
  CREATE INDEX messages_by_job ON messages (job);
  CREATE TABLE message_positions (
    job INTEGER NOT NULL REFERENCES jobs (id),
    task INTEGER NOT NULL,
    file TEXT NOT NULL,
    position TEXT NOT NULL,
    PRIMARY KEY (job, task, file)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    worktree TEXT NOT NULL,
    user TEXT NOT NULL,
    state TEXT NOT NULL,
    request TEXT NOT NULL,
    driver TEXT NOT NULL,
    began REAL NOT NULL,
    since REAL NOT NULL,
    ended REAL,
    progress TEXT
  ) STRICT;
  CREATE TABLE run_reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (id),
    trouble INTEGER NOT NULL,
    report TEXT NOT NULL
  ) STRICT;
  CREATE INDEX run_reports_by_run ON run_reports (run);
  ALTER TABLE jobs ADD COLUMN run TEXT;
  UPDATE jobs SET run = json_extract(spec, '$.asset.run') WHERE json_valid(spec);
  CREATE INDEX jobs_by_run ON jobs (run) WHERE run IS NOT NULL;
  `,
]

/** Which jobs are open, in the words of the partial indexes, which are only used where a query says the same. */
export const isOpen = `state NOT IN ('recorded', 'closed', 'refused')`

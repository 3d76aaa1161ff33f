import { readFileSync } from 'node:fs'
import { jobAccounted, jobEnded } from './job.ts'
import type { Sandbox } from './sandbox.ts'
import { schedule } from './scenario.ts'

/** True when a full run was asked for: every point instead of a spread of them. */
export const everyPoint = process.env['WAYBILL_KILL_EVERY'] !== undefined

/** How long one sweep may take. */
export const sweepLimit = everyPoint ? 3 * 3_600_000 : 300_000

/** Keeps `ds` as it is now, so that each attempt can begin from there: jobs are known to Slurm by their folder. */
export async function keepTemplate(box: Sandbox): Promise<void> {
  await box.run(['cp', '-a', 'ds', 'template'])
}

/** Puts `ds` back to what the template holds. */
export async function restore(box: Sandbox): Promise<void> {
  // The second status finds stat data that fit the copied files.
  const script = 'if [ -e ds ]; then chmod -R u+w ds; rm -rf ds; fi; cp -a template ds; git -C ds status -s'
  await box.run(['sh', '-c', script])
}

/** What must be true of a repository at rest, whatever happened to it: whole, and with nothing of ours left over. */
export async function whole(box: Sandbox, cwd = 'ds'): Promise<void> {
  const problems: string[] = []
  const fsck = await box.run(['git', 'fsck', '--strict', '--no-dangling', '--no-progress'], {
    cwd,
    allowFailure: true,
  })
  if (fsck.code !== 0) problems.push(`git fsck: ${fsck.stdout}${fsck.stderr}`)
  const annex = await box.run(['git', 'annex', 'fsck', '--quiet'], { cwd, allowFailure: true })
  if (annex.code !== 0) problems.push(`git annex fsck: ${annex.stdout}${annex.stderr}`)
  const find =
    'find .git -name "*.lock" ! -path ".git/annex/*" ! -path "*/waybill/local/*"; ls -d .git/index.waybill-* .git/waybill-*.lock 2>/dev/null;' +
    ' find . -name ".waybill-*"; git for-each-ref refs/waybill; find .git/waybill/tmp .git/waybill/index-* .git/waybill/aside-* -type f 2>/dev/null; :'
  const left = (await box.run(['sh', '-c', find], { cwd })).stdout
  if (left !== '') problems.push(`left over:\n${left}`)
  const ledger = await box.run(['node', '-e', checkLedger], { cwd, allowFailure: true })
  if (ledger.stdout !== 'ok\n') problems.push(`ledger: ${ledger.stdout}${ledger.stderr}`)
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

const checkLedger = `
const { DatabaseSync } = require('node:sqlite')
const db = new DatabaseSync('.git/waybill/ledger.db')
const check = Object.values(db.prepare('PRAGMA integrity_check').get())[0]
const moves = db.prepare('SELECT count(*) AS n FROM moves').get().n
const orphans = db.prepare(
  "SELECT count(*) AS n FROM reservations JOIN jobs ON jobs.id = job WHERE state IN ('recorded', 'closed', 'refused')"
).get().n
console.log(check === 'ok' && moves === 0 && orphans === 0 ? 'ok' : JSON.stringify({ check, moves, orphans }))
`

/** Rows of a query on the ledger of `ds`, or the number of rows that a statement changed. */
export async function askLedger(
  box: Sandbox,
  sql: string,
  cwd = 'ds',
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const script = `
    const { DatabaseSync } = require('node:sqlite')
    const db = new DatabaseSync('.git/waybill/ledger.db')
    console.log(JSON.stringify(db.prepare(process.argv[1]).all()))`
  const { stdout } = await box.run(['node', '-e', script, '--', sql], { cwd })
  return JSON.parse(stdout) as readonly Readonly<Record<string, unknown>>[]
}

/** How many records of each job (Slurm's id, or ours for one of this machine) a branch holds: `{ '17': 1 }`. */
export async function recordsByJob(
  box: Sandbox,
  revision = 'HEAD',
): Promise<Readonly<Record<string, number>>> {
  const text = await box.git('ds', 'log', '--format=%B%x01', revision)
  const counts: Record<string, number> = {}
  for (const commit of text.split('\x01').filter((one) => one.trim().startsWith('[DATALAD'))) {
    const json = /=== Do not change lines below ===\n([^]*?)\n\^\^\^ Do not/.exec(commit)?.[1]
    if (json === undefined) throw new Error(`half a record: ${commit}`)
    const record = JSON.parse(json) as { slurm_job_id?: number; waybill: { job: string } }
    const id = String(record.slurm_job_id ?? record.waybill.job)
    counts[id] = (counts[id] ?? 0) + 1
  }
  return counts
}

/** Ids of all jobs of these names that the cluster ever got, once each. */
export async function clusterJobs(box: Sandbox, name: string): Promise<readonly string[]> {
  const queue = await box.run(['squeue', '-h', '-a', '-t', 'all', '-n', name, '-o', '%F'])
  const past = await box.run([
    'sacct',
    '-n',
    '-P',
    '-X',
    '-D',
    '-S',
    'now-2hours',
    '--name',
    name,
    '-o',
    'JobID',
  ])
  const ids = `${queue.stdout}${past.stdout}`.split('\n').map((id) => id.replace(/[_+].*/, ''))
  return [...new Set(ids.filter((id) => id !== ''))]
}

/** Schedules several jobs in `ds` at once and waits until queue and accounting have their ends. Gives Slurm's ids. */
export async function scheduleAllToEnd(
  box: Sandbox,
  jobs: readonly (readonly string[])[],
): Promise<readonly string[]> {
  const ids: string[] = []
  for (const words of jobs) ids.push(String((await schedule(box, words)).id))
  for (const id of ids) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
  return ids
}

/** A file's bytes as git sees the path: through the annex when it is a link. */
export function textAt(box: Sandbox, path: string): string {
  return readFileSync(box.path(`ds/${path}`), 'utf8')
}

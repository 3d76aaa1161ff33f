import { expect } from 'vitest'
import { openInLedger } from './after-kill.ts'
import { parseIndices } from '../../src/contract/index-set.ts'
import type { Sandbox } from './sandbox.ts'
import { askLedger } from './template.ts'
import { addFiles, recordOf, sandboxWithDataset } from './scenario.ts'

/** The sites of `assetsHead`: this machine, and the sandbox's cluster. */
export const sites = ['here', 'cluster'] as const

/** How definitions of a test begin; its assets follow, indented by two blanks. */
export const assetsHead = `
sites: { here: { scheduler: local }, cluster: { scheduler: slurm } }
defaultSite: here
assets:`

/** A dataset `ds` with definitions and files, committed. */
export async function project(
  yaml: string,
  files: Readonly<Record<string, string>> = {},
  env?: Readonly<Record<string, string>>,
): Promise<Sandbox> {
  const box = await sandboxWithDataset(env === undefined ? {} : { env })
  await addFiles(box, 'ds', { 'waybill.yaml': yaml, ...files })
  return box
}

interface Made {
  /** A commit, or a task of the one that has the record of several: `HEAD:3`. */
  readonly record: string
  /** `model gold` */
  readonly piece: string
}

async function madePieces(box: Sandbox): Promise<readonly Made[]> {
  const commits = (await box.git('ds', 'log', '--reverse', '--format=%H', '--grep="asset": {')).split('\n')
  const made: Made[] = []
  for (const commit of commits.filter((one) => one !== '')) {
    const { waybill } = (await recordOf(box, commit)).record
    const { name, keys } = waybill['asset'] as { name: string; keys: readonly string[] | null }
    const tasks = waybill['recorded_tasks'] ?? tasksIn(waybill['tasks'])
    const own = typeof tasks === 'string' ? parseIndices(tasks) : null
    if (keys === null) made.push({ record: commit, piece: name })
    for (const [i, key] of (keys ?? []).entries()) {
      const record = keys?.length === 1 ? commit : `${commit}:${i}`
      if (own === null || own.includes(i)) made.push({ record, piece: `${name} ${key}` })
    }
  }
  return made
}

/** The tasks that the rows of an array's record name; null: of no array. */
function tasksIn(rows: unknown): string | null {
  return Array.isArray(rows) ? rows.map((row) => String(row).split(' ')[0]).join(',') : null
}

/** The keys that records of assets made, oldest first: `model gold`. */
export async function assetsMade(box: Sandbox): Promise<readonly string[]> {
  return (await madePieces(box)).map(({ piece }) => piece)
}

/** The newest record of a piece (`model gold`): a commit, or a task of one. */
export async function recordOfPiece(box: Sandbox, piece: string): Promise<string> {
  const found = (await madePieces(box)).findLast((one) => one.piece === piece)
  if (found === undefined) throw new Error(`no record of ${piece}`)
  return found.record
}

/** Makes the run r1 an old one: so many have begun since, and are over. */
export async function manyRunsSince(box: Sandbox, count: number): Promise<void> {
  await askLedger(
    box,
    `INSERT INTO runs (token, worktree, user, state, request, driver, began, since, ended)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     SELECT token || i, worktree, user, 'done', request, driver, began, since, began FROM runs, n WHERE id = 1`,
  )
}

/** Runs `waybill materialize` and kills it, its children not, as soon as something has come to pass. */
export async function killMaterialize(
  box: Sandbox,
  words: readonly string[],
  passed: () => Promise<unknown>,
  signal: 'KILL' | 'TERM' | 'INT' = 'KILL',
): Promise<void> {
  await box.run(['rm', '-f', 'pid'])
  const line = 'echo $$ >../pid; exec waybill materialize "$@"'
  const run = box.run(['sh', '-c', line, 'sh', ...words], { cwd: 'ds', allowFailure: true })
  await expect.poll(() => box.exists('pid')).toBe(true)
  await passed()
  await box.run(['kill', `-${signal}`, box.read('pid').trim()])
  await run
}

/** Waits until the ledger has all open jobs in a state. */
export async function ledgerState(box: Sandbox, state: string): Promise<void> {
  await expect
    .poll(async () => (await openInLedger(box)).map((job) => job.state), { timeout: 40_000 })
    .toEqual(expect.arrayContaining([state]))
}

/** The scheduler's id of the newest job. */
export async function newestId(box: Sandbox): Promise<string> {
  const [job] = await askLedger(box, 'SELECT scheduler_id FROM jobs ORDER BY id DESC LIMIT 1')
  return String(job?.['scheduler_id'])
}

/** Waits until no job of the sandbox is in the queue any more. */
export async function idle(box: Sandbox): Promise<void> {
  const end = performance.now() + 100_000
  const ids = await askLedger(box, 'SELECT scheduler_id AS id FROM jobs WHERE scheduler_id IS NOT NULL')
  const list = ids.map(({ id }) => String(id)).join(',')
  for (;;) {
    const { stdout } = await box.run(['squeue', '-h', '-t', 'PD,R,CG', '-j', list, '-o', '%i %r'], {
      allowFailure: true,
    })
    if (stdout.trim() === '') return
    if (performance.now() > end) throw new Error(`still in the queue:\n${stdout}`)
    await new Promise((wake) => setTimeout(wake, 200))
  }
}

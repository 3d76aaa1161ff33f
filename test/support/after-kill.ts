import { expect } from 'vitest'
import { jobAccounted, jobEnded } from './job.ts'
import type { Sandbox } from './sandbox.ts'
import { tell, type JsonResult } from './scenario.ts'
import { askLedger, clusterJobs, recordsByJob, whole } from './template.ts'

/** A job as the ledger has it. */
export interface LedgerJob {
  readonly id: number
  readonly state: string
  readonly scheduler_id: string | null
  readonly token: string
}

/** The open jobs of `ds`, from the ledger itself: no command of ours runs. */
export async function openInLedger(box: Sandbox): Promise<readonly LedgerJob[]> {
  if (!(await hasJobs(box))) return []
  const sql =
    "SELECT id, state, scheduler_id, token FROM jobs WHERE state NOT IN ('recorded', 'closed', 'refused') ORDER BY id"
  return (await askLedger(box, sql)) as unknown as readonly LedgerJob[]
}

/** False when the command died before the ledger had its tables. */
async function hasJobs(box: Sandbox): Promise<boolean> {
  if (!box.exists('ds/.git/waybill/ledger.db')) return false
  return (await askLedger(box, "SELECT name FROM sqlite_master WHERE name = 'jobs'")).length > 0
}

/** Gives the next command, again and again, until each open job has an id or is given up. Returns all that was said. */
export async function settled(
  box: Sandbox,
  next: readonly string[],
  limitMs = 40_000,
): Promise<readonly JsonResult[]> {
  const end = performance.now() + limitMs
  const said: JsonResult[] = []
  for (let words = next; ; words = ['jobs']) {
    const told = await tell(box, words)
    expect(told.stderr, `${words.join(' ')} broke`).not.toMatch(/\n {4}at /)
    said.push(...told.results)
    const open = await openInLedger(box)
    if (open.every((job) => job.scheduler_id !== null)) return said
    if (performance.now() > end) throw new Error(`not settled: ${JSON.stringify(open)}\n${told.words}`)
  }
}

/** What a scheduler knows of a name: how often it got it, and how to see that all of it is over. */
export interface Witness {
  /** Ids of the jobs of that name that the scheduler ever got. */
  ids(name: string): Promise<readonly string[]>
  ended(id: string): Promise<void>
}

/** The cluster as a witness. */
export function slurmWitness(box: Sandbox): Witness {
  return {
    ids: async (name) => clusterJobs(box, name),
    ended: async (id) => {
      await jobEnded(box, id)
      await jobAccounted(box, id)
    },
  }
}

/** The embedded scheduler as a witness: jobs write their name to the file `ran`, once a task. */
export function localWitness(box: Sandbox, tasks = 1): Witness {
  return {
    ids: async (name) => {
      const [open] = await openInLedger(box)
      if (open?.scheduler_id != null) await localEnded(box, open.scheduler_id)
      const newest = 'SELECT scheduler_id FROM jobs WHERE scheduler_id IS NOT NULL ORDER BY id DESC LIMIT 1'
      const [job] = (await hasJobs(box)) ? await askLedger(box, newest) : []
      const ran = box.exists('ran') ? box.read('ran') : ''
      const times = ran.split('\n').filter((line) => line === name).length
      if (times % tasks !== 0) throw new Error(`${name} ran in ${times} of ${tasks} tasks`)
      return Array.from({ length: times / tasks }, () =>
        String(job?.['scheduler_id'] ?? 'unknown to the ledger'),
      )
    },
    ended: async () => {},
  }
}

/** Waits until a job of this machine is over. */
export async function localEnded(box: Sandbox, id: string, limitMs = 40_000): Promise<void> {
  const end = performance.now() + limitMs
  for (;;) {
    const told = await tell(box, ['jobs'])
    const job = told.results.find((result) => (result as { id?: string }).id === id) as
      { state?: string } | undefined
    if (job?.state === 'ended') return
    if (performance.now() > end) throw new Error(`job ${id} is ${JSON.stringify(job)}\n${told.words}`)
  }
}

/**
 * What must hold after a `schedule` that died, whatever runs next: what was found is said; the job is known and was
 * submitted once, or was not submitted and has left nothing; a finish records it; all is as it was otherwise.
 */
export async function scheduledOnceOrNever(
  box: Sandbox,
  name: string,
  witness: Witness,
  next: readonly string[],
): Promise<'submitted' | 'never'> {
  const before = await openInLedger(box)
  const said = await settled(box, next)
  for (const job of before.filter(({ scheduler_id }) => scheduler_id === null)) {
    expect(said, 'recovery says what it found').toContainEqual(
      expect.objectContaining({ action: 'recover', job: `w${job.id}` }),
    )
  }
  const ids = await witness.ids(name)
  const list = before.map(({ id }) => id).join() || '0'
  // A finish may have recorded it by now.
  const known = await askLedger(
    box,
    `SELECT scheduler_id FROM jobs WHERE id IN (${list}) AND state <> 'refused'`,
  )
  expect(ids, 'the scheduler got it as the ledger has it').toEqual(known.map((job) => job['scheduler_id']))
  expect(ids.length, 'never submitted twice').toBeLessThanOrEqual(1)
  for (const id of ids) {
    await witness.ended(id)
    const told = await tell(box, ['finish', id])
    expect(told.code, told.stdout + told.stderr).toBe(0)
    expect((await recordsByJob(box))[id]).toBe(1)
  }
  await whole(box)
  expect(await box.git('ds', 'status', '--porcelain'), 'nothing is left changed').toBe('')
  expect(
    await askLedger(box, `SELECT pattern FROM reservations WHERE job IN (${list})`),
    'nothing is left reserved',
  ).toEqual([])
  if (ids.length > 0) return 'submitted'
  expect(await witness.ids(name), 'nor is it submitted late').toEqual([])
  return 'never'
}

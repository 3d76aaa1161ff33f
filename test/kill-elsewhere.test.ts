import { globSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { identify } from '../src/process/identity.ts'
import { openInLedger, settled } from './support/after-kill.ts'
import type { Sandbox } from './support/sandbox.ts'
import { sandboxWithDataset, schedule, scheduleToEnd, tell } from './support/scenario.ts'
import { askLedger, recordsByJob } from './support/template.ts'

/** A process that lives, as the ledger would have it if something about it were otherwise. */
function submitter(otherwise: { readonly host?: string; readonly boot?: string }): string {
  const self = identify(process.pid)
  if (self === null) throw new Error('no /proc')
  return JSON.stringify({ waybill: { ...self, ...otherwise }, shell: null })
}

/** Turns a submitted job into one whose submission was cut short by such a process. */
async function cutShort(box: Sandbox, who: string, token: string | null = null): Promise<void> {
  const renamed = token === null ? '' : `, token = '${token}'`
  await askLedger(
    box,
    `UPDATE jobs SET state = 'intended', scheduler_id = NULL, submitter = '${who}'${renamed}`,
  )
  // Its shell has not told anything yet: only the scheduler can.
  for (const witness of globSync(box.path('ds/.git/waybill/jobs/*/{run,stdout,stderr}'))) rmSync(witness)
  const folder = await box.run(['sh', '-c', 'ls -d ds/.git/waybill/jobs/*'])
  if (token !== null) await box.run(['mv', folder.stdout.trim(), box.path(`ds/.git/waybill/jobs/${token}`)])
}

const held = ['-o', 'out', 'sbatch', '--hold', 'job.sh', 'true'] as const

test('a schedule that died on another host: its job is found by its token from here', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await schedule(box, held)
  await cutShort(box, submitter({ host: 'elsewhere' }))
  const told = await tell(box, ['jobs'])
  expect(told.results[0]).toMatchObject({ action: 'recover', status: 'ok', job: 'w1', slurm_job_id: id })
  expect((await openInLedger(box)).map(({ scheduler_id }) => scheduler_id)).toEqual([String(id)])
  await tell(box, ['cancel', String(id)])
})

test('a schedule of another host that no witness knows: it may live there, so nothing is concluded', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await schedule(box, held)
  await box.run(['scancel', String(id)])
  await cutShort(box, submitter({ host: 'elsewhere' }), 'nobodyknowsthistoken')
  for (const words of [['jobs'], ['finish'], ['jobs']]) {
    await tell(box, words)
    expect(await openInLedger(box)).toMatchObject([{ state: 'intended', scheduler_id: null }])
  }
  const again = await tell(box, ['schedule', ...held])
  expect(again.code).toBe(1)
  expect(again.words).toContain('conflicts with')
  // A person knows better.
  expect((await tell(box, ['close', 'w1'])).code).toBe(1)
  expect((await tell(box, ['close', '--force', 'w1'])).code).toBe(0)
  const { id: next } = await schedule(box, held)
  await tell(box, ['cancel', String(next)])
})

test('a schedule from before a reboot is dead, whoever has its process id now; one that lives is left alone', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await schedule(box, held)
  await box.run(['scancel', String(id)])
  await cutShort(box, submitter({}), 'nobodyknowsthistoken')
  expect((await tell(box, ['finish'])).words).toContain('is being submitted by another process')
  expect(await openInLedger(box)).toMatchObject([{ state: 'intended' }])
  await askLedger(box, `UPDATE jobs SET submitter = '${submitter({ boot: 'an earlier one' })}'`)
  // A shell may have been noted, and the note lost: so Slurm is asked, twice and with time between.
  const said = await settled(box, ['jobs'])
  const recovered = said.filter(({ action }) => action === 'recover')
  expect(recovered).toMatchObject([{ status: 'ok', job: 'w1' }])
  expect(recovered[0]?.message).toContain('never submitted')
  expect(await openInLedger(box)).toEqual([])
  const { id: next } = await schedule(box, held)
  await tell(box, ['cancel', String(next)])
})

test('a finish that died elsewhere is waited for until its lease runs out; one from before a reboot is not', async () => {
  await using box = await sandboxWithDataset()
  const ids: string[] = []
  const lease = async (who: string, expires: number): Promise<void> => {
    const owner = JSON.stringify((JSON.parse(who) as { waybill: unknown }).waybill)
    await askLedger(box, `INSERT OR REPLACE INTO leases VALUES ('finish', '${owner}', ${expires})`)
  }
  for (const name of ['a', 'b']) {
    const { id } = await scheduleToEnd(box, [
      '-o',
      name,
      'sbatch',
      'job.sh',
      `mkdir ${name}; echo 1 >${name}/x`,
    ])
    ids.push(String(id))
  }
  await lease(submitter({ boot: 'an earlier one' }), Date.now() / 1000 + 3600)
  expect((await tell(box, ['finish', ids[0] ?? ''])).code).toBe(0)
  const expires = Math.ceil(Date.now() / 1000) + 2
  await lease(submitter({ host: 'elsewhere' }), expires)
  expect((await tell(box, ['finish', ids[1] ?? ''])).code).toBe(0)
  expect(Number(await box.git('ds', 'log', '-1', '--format=%ct'))).toBeGreaterThanOrEqual(expires)
  expect(await recordsByJob(box)).toEqual(Object.fromEntries(ids.map((id) => [id, 1])))
})

import { expect, test } from 'vitest'
import { killEverywhere } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import { sandboxWithDataset, scheduleToEnd, tell } from './support/scenario.ts'
import { askLedger, keepTemplate, restore, sweepLimit, whole } from './support/template.ts'

/** A job that was recorded while accounting could not be reached; now it can. */
async function recordedEarly(): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >out'])
  box.write('away/sacct', '#!/bin/sh\necho "sacct: error: Connection refused" >&2\nexit 1\n', 0o755)
  const PATH = `${box.path('away')}:${box.environment()['PATH']}`
  await tell(box, ['finish'], { env: { PATH, WAYBILL_FACTS_WAIT: '0' } })
  expect(await askLedger(box, 'SELECT * FROM late_facts')).toHaveLength(1)
  await keepTemplate(box)
  // Accounting's last row may be some moments behind the word COMPLETED.
  while ((await askLedger(box, 'SELECT * FROM late_facts')).length > 0) await tell(box, ['finish'])
  await restore(box)
  return box
}

/** The facts are in the note once, and nobody waits for them any more. */
async function notedOnce(box: Sandbox): Promise<void> {
  const note = await box.git('ds', 'notes', '--ref=refs/notes/waybill', 'show', 'HEAD')
  expect(JSON.parse(note)).toMatchObject({ accounting: 'complete' })
  expect(await askLedger(box, 'SELECT * FROM late_facts')).toEqual([])
  await whole(box)
}

test(
  'late facts are noted once, though finish is killed while it notes them',
  { timeout: sweepLimit },
  async () => {
    await using box = await recordedEarly()
    const report = await killEverywhere(box, {
      calls: ['pwrite64', 'vfork', 'clone', 'clone3'],
      points: 8,
      prepare: async () => restore(box),
      command: () => ({ words: ['waybill', 'finish'], options: { cwd: 'ds' } }),
      check: async () => {
        expect((await tell(box, ['finish'])).code).toBe(0)
        await notedOnce(box)
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

test('late facts are noted once, though several finishes find them at once', async () => {
  await using box = await recordedEarly()
  const told = await Promise.all(Array.from({ length: 4 }, async () => tell(box, ['finish'])))
  for (const { code, words } of told) expect(code, words).toBe(0)
  await notedOnce(box)
})

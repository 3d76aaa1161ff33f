import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { openInLedger } from './support/after-kill.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { addFiles, finish, sandboxWithDataset, schedule, scheduleToEnd, tell } from './support/scenario.ts'
import { clusterJobs, recordsByJob, whole } from './support/template.ts'

test('two schedules at once with overlapping outputs: exactly one succeeds, ten times over', async () => {
  await using box = await sandboxWithDataset()
  for (let round = 0; round < 10; round++) {
    const name = `race${process.pid}-${Date.now().toString(36)}-${round}`
    const told = await Promise.all(
      [`out/${round}`, `out/${round}/below`].map(async (output) =>
        tell(box, ['schedule', '-o', output, 'sbatch', '--hold', `--job-name=${name}`, 'job.sh', 'true']),
      ),
    )
    expect(told.map(({ code }) => code).toSorted()).toEqual([0, 1])
    expect(told.find(({ code }) => code === 1)?.words).toContain('conflicts with')
    expect(await clusterJobs(box, name)).toHaveLength(1)
  }
  const open = await openInLedger(box)
  expect(open).toHaveLength(10)
  await box.waybill(['cancel', ...open.map(({ id }) => `w${id}`)], { cwd: 'ds' })
})

test('eight schedules at once with outputs of their own all succeed, and so does a finish meanwhile', async () => {
  await using box = await sandboxWithDataset()
  const annexed = Object.fromEntries(
    [0, 1, 2].map((n) => [`o${n}/x.bin`, Buffer.alloc(500, n).fill(0, 0, 9)]),
  )
  await addFiles(box, 'ds', annexed)
  const earlier = await scheduleToEnd(box, [
    '-o',
    'early',
    'sbatch',
    'job.sh',
    'mkdir early; echo 1 >early/x',
  ])
  const gate = makeGate(box)
  const numbers = [0, 1, 2, 3, 4, 5, 6, 7]
  const [finished, ...submitted] = await Promise.all([
    tell(box, ['finish', String(earlier.id)]),
    ...numbers.map(async (n) =>
      schedule(box, [
        '-o',
        `o${n}`,
        'sbatch',
        'job.sh',
        `${gate.line}; mkdir -p o${n}; echo ${n} >o${n}/x.bin`,
      ]),
    ),
  ])
  expect(finished.code, finished.words).toBe(0)
  expect(new Set(submitted.map(({ id }) => id)).size).toBe(8)
  expect(
    (await openInLedger(box)).map(({ scheduler_id }) => Number(scheduler_id)).toSorted((a, b) => a - b),
  ).toEqual(submitted.map(({ id }) => id).toSorted((a, b) => a - b))
  await gate.open()
  for (const { id } of submitted) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
  await finish(box)
  const expected = Object.fromEntries([earlier, ...submitted].map(({ id }) => [String(id), 1]))
  expect(await recordsByJob(box)).toEqual(expected)
  await whole(box)
})

import { expect, test } from 'vitest'
import { datalad } from './support/datalad.ts'
import { changesOf, openJobs, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'
import { recordsByJob, whole } from './support/template.ts'

test('eight at once in one clone: each is recorded with its own output, and DataLad runs them again', async () => {
  await using box = await sandboxWithDataset()
  const numbers = Array.from({ length: 8 }, (_, i) => i + 1)
  const ran = await Promise.all(
    numbers.map(async (n) =>
      tell(box, ['run', '-o', `out/${n}`, 'sh', '-c', `mkdir -p out; echo ${n} >out/${n}`]),
    ),
  )
  for (const one of ran) expect(one.code, one.stdout + one.stderr).toBe(0)
  expect(Object.values(await recordsByJob(box))).toEqual(numbers.map(() => 1))
  const records = (await box.git('ds', 'log', '--format=%H', '-8')).split('\n')
  const made = await Promise.all(records.map(async (commit) => changesOf(box, commit)))
  expect(made.flat().toSorted()).toEqual(numbers.map((n) => `A out/${n}`))
  expect(await openJobs(box)).toEqual([])
  expect(await status(box)).toBe('')
  await whole(box)
  for (const version of ['old', 'new'] as const) {
    const [commit = ''] = records.splice(0, 1)
    const [path = ''] = (await recordOf(box, commit)).record.outputs
    box.write(`ds/${path}`, 'other\n')
    await box.git('ds', 'commit', '-qam', 'Change it')
    await datalad(box, version, ['rerun', commit])
    expect(box.read(`ds/${path}`)).toBe(`${path.slice(4)}\n`)
    expect((await recordOf(box)).record['chain']).toEqual([commit])
  }
})

test('two that want the same output at once: one runs, the other is refused and has done nothing', async () => {
  await using box = await sandboxWithDataset()
  const line = 'echo $$ >>x; sleep 1'
  const ran = await Promise.all([1, 2].map(async () => tell(box, ['run', '-o', 'x', 'sh', '-c', line])))
  expect(ran.map(({ code }) => code).toSorted()).toEqual([0, 1])
  const refused = ran.find(({ code }) => code === 1)
  expect(refused?.words).toContain('output x conflicts with x of job w1')
  expect(box.read('ds/x').split('\n')).toHaveLength(2)
  expect(Object.values(await recordsByJob(box))).toEqual([1])
})

test('several without -o at once: one runs at a time, the others are refused, nothing is mixed', async () => {
  await using box = await sandboxWithDataset()
  const ran = await Promise.all(
    [1, 2, 3, 4].map(async (n) => tell(box, ['run', 'sh', '-c', `echo ${n} >o${n}; sleep 0.5`])),
  )
  const done = ran.filter(({ code }) => code === 0)
  expect(done.length).toBeGreaterThan(0)
  expect(Object.values(await recordsByJob(box))).toHaveLength(done.length)
  const records = (await box.git('ds', 'log', '--format=%H', `-${done.length}`)).split('\n')
  for (const commit of records) expect(await changesOf(box, commit)).toHaveLength(1)
  expect(await status(box)).toBe('')
})

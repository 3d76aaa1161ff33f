import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
  type Submitted,
} from './support/scenario.ts'

test('an input that changed since HEAD, and a changed script, are named in the record', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'in.txt': 'old\n', 'same.txt': 'same\n' })
  box.write('ds/in.txt', 'new\n')
  box.write('ds/job.sh', '#!/bin/sh\n# changed\neval "$1"\n')
  await scheduleToEnd(box, [
    '-i',
    'in.txt',
    '-i',
    'same.txt',
    '-o',
    'out',
    'sbatch',
    'job.sh',
    'cat in.txt >out',
  ])
  await finish(box)
  const { record } = await recordOf(box)
  expect(record.waybill['differed']).toEqual(['in.txt', 'job.sh'])
  const { copy } = record.waybill['script'] as { readonly copy: string }
  expect(await box.git('ds', 'show', `HEAD:${copy}`)).toContain('# changed')
  expect(await status(box)).toBe(' M in.txt\n M job.sh')
})

test('the script is recorded as it was submitted, though it changed before the finish', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/own.sh', '#!/bin/sh\necho first >out\n')
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'own.sh'])
  box.write('ds/own.sh', '#!/bin/sh\necho second >out\n')
  await finish(box)
  const { copy } = (await recordOf(box)).record.waybill['script'] as { readonly copy: string }
  expect(await box.git('ds', 'show', `HEAD:${copy}`)).toContain('echo first')
})

test('an input outside of the repository is known by path, size and time', async () => {
  await using box = await sandboxWithDataset()
  const outside = box.write('elsewhere/data', '12345\n')
  await scheduleToEnd(box, ['-i', outside, '-o', 'out', 'sbatch', 'job.sh', `cat '${outside}' >out`])
  await finish(box)
  const inputs = (await recordOf(box)).record.waybill['inputs']
  expect(inputs).toEqual([{ path: outside, size: 6, mtime: expect.anything() }])
})

test('outputs that vanish before the finish are named, tracked ones recorded as deleted', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/tracked': 'x\n' })
  await scheduleToEnd(box, ['-o', 'out', '-o', 'new', 'sbatch', '-o', 'the.log', 'job.sh', 'echo 1 >new'])
  await box.run(['rm', '-rf', 'ds/out', 'ds/new', 'ds/the.log'])
  const told = await tell(box, ['finish'])
  expect(told.words).toContain('output new was declared, but the job made no such file')
  expect(told.words).toContain("the job's log the.log does not exist")
  expect(await changesOf(box)).toContain('D out/tracked')
  expect(await openJobs(box)).toEqual([])
  expect(await status(box)).toBe('')
})

test('two jobs of one finish have a commit each, with their own files alone', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const jobs: Submitted[] = []
  for (const name of ['a', 'b', 'c']) {
    const line = `${gate.line}; mkdir -p ${name}; echo ${name} >${name}/x; printf '\\000\\001' >${name}/y.bin`
    jobs.push(await schedule(box, ['-o', name, 'sbatch', 'job.sh', line]))
  }
  await gate.open()
  for (const { id } of jobs) await jobEnded(box, id)
  const told = await finish(box)
  expect(told.results.filter(({ action, status: how }) => action === 'save' && how === 'ok')).toHaveLength(3)
  for (const { id } of jobs) {
    const commit = told.results.find((one) => one.slurm_job_id === id)?.commit ?? ''
    const name = ['a', 'b', 'c'].find((_, i) => jobs[i]?.id === id)
    expect((await recordOf(box, commit)).record['slurm_job_id']).toBe(id)
    expect(await changesOf(box, commit)).toEqual(
      [`A ${name}/x`, `A ${name}/y.bin`, `A slurm-${id}.out`, `A slurm-job-${id}.env.json`].toSorted(),
    )
  }
  expect(await status(box)).toBe('')
})

test('people see lines as DataLad prints them, with a summary', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'echo 1 >out'])
  const ran = await box.waybill(['finish'], { cwd: 'ds', env: { WAYBILL_FACTS_WAIT: '0' } })
  expect(ran.stdout.split('\n').toSorted()).toEqual(
    [
      '',
      '  add (ok: 3)',
      '  save (ok: 1)',
      'action summary:',
      'add(ok): out (file)',
      `add(ok): slurm-${id}.out (file)`,
      `add(ok): slurm-job-${id}.env.json (file)`,
      'save(ok): . (dataset)',
    ].toSorted(),
  )
})

test('a second job may write what a first has recorded, and history has both', async () => {
  await using box = await sandboxWithDataset()
  for (const word of ['one', 'two']) {
    await scheduleToEnd(box, ['-o', 'out.bin', 'sbatch', 'job.sh', `printf '\\000${word}' >out.bin`])
    await finish(box)
  }
  const keys = await box.git('ds', 'log', '--format=', '-p', '--', 'out.bin')
  expect(keys.match(/^\+\.git\/annex\/objects/gm)).toHaveLength(2)
  expect(await status(box)).toBe('')
})

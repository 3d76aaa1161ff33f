import { expect, test } from 'vitest'
import { addContainer } from './support/container.ts'
import { datalad } from './support/datalad.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'

/** `ds` with the subdataset `tools`, which registers the container `small`; a clone `here` has it not checked out. */
async function withSubdataset(): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  await box.dataset('tools')
  await addContainer(box, 'small', undefined, 'tools')
  await box.git('ds', 'submodule', '--quiet', 'add', box.path('tools'), 'tools')
  await box.git('ds', 'commit', '-qm', 'Add the tools')
  await addFiles(box, 'ds', { 'sub/here': '\n', 'in.sh': '#!/bin/sh\ncat /inside >out\n' })
  await box.run(['git', 'clone', '-q', 'ds', 'here'])
  return box
}

test("a subdataset's container: the subdataset is checked out, the image fetched, and the record is DataLad's", async () => {
  await using box = await withSubdataset()
  const command = ['-o', 'x', 'sh', '-c', 'cat /inside >x; echo "$DATALAD_CONTAINER_NAME" >>x']
  const cwd = 'here/sub'
  const told = await tell(box, ['run', '--container', 'tools/small', ...command], { cwd })
  expect(told.code, told.words).toBe(0)
  const image = 'tools/.datalad/environments/small/image'
  expect(told.results.slice(0, 2)).toMatchObject([
    { action: 'install', path: 'tools' },
    { action: 'get', path: image },
  ])
  expect(box.read('here/sub/x')).toBe('small\ntools/small\n')
  const { record } = await recordOf(box, 'HEAD', 'here')
  expect(record).toMatchObject({ pwd: 'sub', extra_inputs: [`../${image}`] })
  expect(await status(box, 'here')).toBe('')
  await box.git('here', 'reset', '-q', '--hard', 'HEAD~1')
  await datalad(box, 'new', ['containers-run', '-n', 'tools/small', ...command], { cwd })
  const theirs = await recordOf(box, 'HEAD', 'here')
  for (const key of ['cmd', 'extra_inputs', 'inputs', 'outputs', 'pwd', 'dsid', 'exit', 'chain'])
    expect(record[key], key).toEqual(theirs.record[key])
})

test("a batch script runs in a subdataset's container too", async () => {
  await using box = await withSubdataset()
  const told = await tell(box, ['run', '--container', 'tools/small', '-o', 'out', 'sbatch', 'in.sh'], {
    cwd: 'here',
  })
  expect(told.code, told.words).toBe(0)
  expect(box.read('here/out')).toBe('small\n')
})

test('names that lead nowhere list what is registered on the way; a dry run checks nothing out', async () => {
  await using box = await withSubdataset()
  const dry = await tell(
    box,
    ['schedule', '--dry-run', 'basic', '--container', 'tools/small', '-o', 'x', 'true'],
    { cwd: 'here' },
  )
  expect(dry.words).toContain(
    'container tools/small is registered in the subdataset tools, which is not checked out',
  )
  expect(box.exists('here/tools/.git')).toBe(false)
  const wrong = await tell(box, ['schedule', '--container', 'tools/large', '-o', 'x', 'true'], {
    cwd: 'here',
  })
  expect(wrong.words).toContain('there is no container tools/large; registered are tools/small.')
  const nowhere = await tell(box, ['schedule', '--container', 'small', '-o', 'x', 'true'], { cwd: 'here' })
  expect(nowhere.words).toContain('there is no container small: none is registered here')
  expect(await openJobs(box, 'here')).toEqual([])
})

test('without -o a change in a subdataset is recorded there, and its pointer above', async () => {
  await using box = await withSubdataset()
  const told = await tell(box, ['run', 'sh', '-c', 'echo 1 >tools/made; echo 2 >made'])
  expect(told.code, told.words).toBe(0)
  expect(await box.git('ds/tools', 'show', '--format=', '--name-only', 'HEAD')).toBe('made')
  expect((await box.git('ds', 'show', '--format=', '--name-only', 'HEAD')).split('\n').toSorted()).toEqual([
    'made',
    'tools',
  ])
  expect(await status(box)).toBe('')
  expect(await status(box, 'ds/tools')).toBe('')
  box.write('ds/tools/loose', '1\n')
  const dirty = await tell(box, ['run', 'true'])
  expect(dirty.words).toContain('unsaved modifications present')
})

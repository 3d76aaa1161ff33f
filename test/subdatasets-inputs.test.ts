import { expect, test } from 'vitest'
import {
  addFiles,
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addSubdataset, sandboxWithSubdatasets } from './support/subdatasets.ts'

const binary = Buffer.from([0, 1, 255])
const trustFiles = {
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'protocol.file.allow',
  GIT_CONFIG_VALUE_0: 'always',
}

/** `ds` with annexed files in `sub` and `sub/deep`, and a clone of it in which neither is checked out. */
async function cloneWithoutSubdatasets(): Promise<Sandbox> {
  const box = await sandboxWithSubdatasets()
  await addFiles(box, 'ds/sub/deep', { 'in.bin': binary })
  await addFiles(box, 'ds/sub', { 'in.bin': binary, 'in.txt': 'in\n' })
  await box.git('ds/sub', 'commit', '-q', '-m', 'Point to deep', '--', 'deep')
  await box.git('ds', 'commit', '-q', '-m', 'Point to sub', '--', 'sub')
  await box.git('.', 'clone', '-q', 'ds', 'clone')
  return box
}

test('an input below submodules that are not checked out: they are checked out, level by level, and it is fetched', async () => {
  await using box = await cloneWithoutSubdatasets()
  const words = ['-i', 'sub/deep/in.bin', '-o', 'out', 'sh', '-c', 'cat sub/deep/in.bin >out']
  const where = { cwd: 'clone', env: trustFiles }
  const dry = await tell(box, ['schedule', '--dry-run=basic', ...words], where)
  expect([dry.code, box.exists('clone/sub/first.txt')]).toEqual([1, false])
  expect(dry.words).toContain('git submodule update --init -- sub')
  const { results } = await schedule(box, words, where)
  expect(
    results.filter(({ action }) => action !== 'schedule').map(({ action, path }) => `${action} ${path}`),
  ).toEqual(['install sub', 'install sub/deep', 'get sub/deep/in.bin'])
  expect(await status(box, 'clone')).not.toContain('sub')
})

test('an output below a submodule that is not checked out is refused, with the way on', async () => {
  await using box = await cloneWithoutSubdatasets()
  const told = await tell(box, ['schedule', '-o', 'sub/deep/x', 'sh', '-c', 'true'], { cwd: 'clone' })
  expect(told.code).toBe(1)
  expect(told.results).toMatchObject([{ action: 'schedule', status: 'impossible' }])
  expect(told.words).toContain('git submodule update --init -- sub')
})

test('a whole subdataset as an input is known by its commit, and by whether it is as that commit has it', async () => {
  await using box = await sandboxWithSubdatasets()
  const run = async (n: number): Promise<Awaited<ReturnType<typeof recordOf>>> => {
    const { job } = await schedule(box, ['-i', 'sub', '-o', `o${n}`, 'sh', '-c', `echo ${n} >o${n}`])
    await box.waybill(['logs', '-f', job], { cwd: 'ds' })
    await finish(box)
    return recordOf(box)
  }
  const report = async (): Promise<readonly string[]> => {
    const told = await tell(box, ['reschedule', '--report'])
    const line = told.results.find(({ message }) => message?.includes('differ'))
    return line?.message === undefined ? [] : [line.message]
  }
  const commit = await box.git('ds/sub', 'rev-parse', 'HEAD')
  const clean = await run(1)
  expect(clean.record.waybill['inputs']).toEqual([{ path: 'sub', commit }])
  expect(clean.record.waybill['differed']).toBeUndefined()
  expect(await report()).toEqual([])
  box.write('ds/sub/first.txt', 'changed\n')
  expect(await report()).toEqual([expect.stringContaining('sub')])
  const restored = await tell(box, ['reschedule', '--as-recorded'])
  expect([restored.code, restored.words]).toEqual([1, expect.stringContaining('sub lies in a subdataset')])
  const dirty = await run(2)
  expect(dirty.record.waybill['inputs']).toEqual([{ path: 'sub', commit, modified: true }])
  expect(dirty.record.waybill['differed']).toEqual(['sub'])
})

test('a file of a subdataset as an input is known by its content, and compared with what HEAD points to', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'none' })
  await addSubdataset(box, 'ds', 'sub')
  await addFiles(box, 'ds/sub', { 'in.bin': binary })
  await box.git('ds', 'commit', '-q', '-m', 'Point to sub', '--', 'sub')
  box.write('ds/sub/first.txt', 'changed\n')
  const inputs = ['-i', 'sub/in.bin', '-i', 'sub/first.txt']
  await scheduleToEnd(box, [...inputs, '-o', 'out', 'sbatch', 'job.sh', 'cat sub/first.txt >out'])
  await finish(box)
  const { record } = await recordOf(box)
  const key = (await box.git('ds/sub', 'annex', 'lookupkey', 'in.bin')).trim()
  expect(record.waybill['inputs']).toContainEqual({ path: 'sub/in.bin', key })
  expect(record.waybill['differed']).toEqual(['sub/first.txt'])
  // The pointer is the business of those who changed something there.
  expect((await changesOf(box)).filter((change) => change.endsWith(' sub'))).toEqual([])
})

import { existsSync, lstatSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
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

const bytes = (seed: number, size = 3000): Buffer => Buffer.alloc(size, Buffer.from([0, 1, 2, 255, seed]))

function isLink(box: Sandbox, path: string): boolean {
  return lstatSync(box.path(path)).isSymbolicLink()
}

async function key(box: Sandbox, path: string): Promise<string> {
  return box.git('ds', 'annex', 'lookupkey', path)
}

test('the absent content of inputs is fetched from another clone, and the record names their keys', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'data/a.bin': bytes(1), 'data/b.bin': bytes(2), 'data/note.txt': 'text\n' })
  await box.run(['git', 'clone', '-q', 'ds', 'clone'])
  await box.git('clone', 'annex', 'init', '-q', 'clone')
  expect(existsSync(box.path('clone/data/a.bin'))).toBe(false)
  const told = await scheduleToEnd(
    box,
    ['-i', 'data/*', '-o', 'sum', 'sbatch', 'job.sh', 'cat data/* | cksum >sum'],
    { cwd: 'clone' },
  )
  expect(told.results.filter(({ action }) => action === 'get').map(({ path }) => path)).toEqual([
    'data/a.bin',
    'data/b.bin',
  ])
  await finish(box, [], 'clone')
  const { record } = await recordOf(box, 'HEAD', 'clone')
  expect(record.inputs).toEqual(['data/*'])
  const identities = record.waybill['inputs'] as readonly { path: string; key?: string; blob?: string }[]
  expect(identities.find(({ path }) => path === 'data/a.bin')?.key).toBe(await key(box, 'data/a.bin'))
  expect(identities.find(({ path }) => path === 'data/note.txt')?.blob).toBe(
    await box.git('ds', 'rev-parse', 'HEAD:data/note.txt'),
  )
})

test('an input whose content nobody has submits nothing, and says which', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'a.bin': bytes(1) })
  await box.run(['git', 'clone', '-q', 'ds', 'clone'])
  await box.git('clone', 'annex', 'init', '-q', 'clone')
  await box.git('ds', 'annex', 'drop', '--force', '-q', 'a.bin')
  const told = await tell(box, ['schedule', '-i', 'a.bin', '-o', 'out', 'sbatch', 'job.sh', 'true'], {
    cwd: 'clone',
  })
  expect(told.code).toBe(1)
  expect(told.words).toContain('input a.bin could not be fetched')
  expect((await tell(box, ['jobs'], { cwd: 'clone' })).results).toEqual([])
})

test('an annexed output is writable for the job, the index untouched, and its new content is recorded', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/model.bin': bytes(1), 'out/kept.bin': bytes(2) })
  const [index, old] = [await box.git('ds', 'ls-files', '--stage'), await key(box, 'out/model.bin')]
  const told = await schedule(box, [
    '-o',
    'out',
    'sbatch',
    '--hold',
    'job.sh',
    "printf '\\000\\001new' >>out/model.bin",
  ])
  expect(told.words).toContain('2 annexed outputs made writable')
  expect(isLink(box, 'ds/out/model.bin')).toBe(false)
  expect(await box.git('ds', 'ls-files', '--stage')).toBe(index)
  await box.run(['scontrol', 'release', String(told.id)])
  expect(await jobEnded(box, told.id)).toEqual(['COMPLETED'])
  await finish(box)
  const changes = await changesOf(box)
  expect(changes).toContain('M out/model.bin')
  expect(changes.filter((change) => change.includes('kept'))).toEqual([])
  expect(await key(box, 'out/model.bin')).not.toBe(old)
  expect(isLink(box, 'ds/out/kept.bin')).toBe(true)
  expect(isLink(box, 'ds/out/model.bin')).toBe(true)
  expect(await status(box)).toBe('')
  expect((await box.run(['git', 'annex', 'fsck', '-q'], { cwd: 'ds' })).stderr).toBe('')
})

test('closing a job puts its unchanged outputs back as they were', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/a.bin': bytes(1), 'out/b.bin': bytes(2) })
  const told = await scheduleToEnd(box, [
    '-o',
    'out',
    'sbatch',
    '-o',
    '/dev/null',
    'job.sh',
    'echo more >>out/b.bin; exit 1',
  ])
  const closed = await tell(box, ['close', told.job])
  expect(closed.code).toBe(0)
  expect(isLink(box, 'ds/out/a.bin')).toBe(true)
  expect(closed.words).toContain('changed by the job, and left as it is')
  expect(await status(box)).toBe(' T out/b.bin')
  await box.git('ds', 'checkout', '--', 'out/b.bin')
  expect(await status(box)).toBe('')
})

test('--fresh-outputs removes annexed outputs beforehand, and only what git holds', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/old.bin': bytes(1), 'out/stays.bin': bytes(2) })
  box.write('ds/out/unknown.bin', bytes(3))
  const told = await scheduleToEnd(box, [
    '-o',
    'out',
    '--fresh-outputs',
    'sbatch',
    'job.sh',
    'test ! -e out/old.bin && test -e out/unknown.bin && cp out/unknown.bin out/stays.bin',
  ])
  expect(told.words).toContain('not removed: git does not know it')
  await finish(box)
  const changes = await changesOf(box)
  expect(changes).toEqual(expect.arrayContaining(['D out/old.bin', 'M out/stays.bin', 'A out/unknown.bin']))
  expect(await status(box)).toBe('')
})

test('an output whose content is absent is taken out of the way, so the job can write it', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/a.bin': bytes(1) })
  await box.run(['git', 'clone', '-q', 'ds', 'clone'])
  await box.git('clone', 'annex', 'init', '-q', 'clone')
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', "printf '\\000\\002x' >out/a.bin"], {
    cwd: 'clone',
  })
  await finish(box, [], 'clone')
  expect(await changesOf(box, 'HEAD', 'clone')).toContain('M out/a.bin')
  expect(await status(box, 'clone')).toBe('')
})

test('a repository without git-annex works: all outputs go into git, and no dsid is written', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'none' })
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', "mkdir out; printf '\\000\\001' >out/a.bin"])
  await finish(box)
  const { record } = await recordOf(box)
  expect(record['dsid']).toBeUndefined()
  expect(isLink(box, 'ds/out/a.bin')).toBe(false)
  expect(await status(box)).toBe('')
})

test('outputs removed for a job that sbatch refuses, or that is given up, come back', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/old.bin': bytes(1), 'out/plain.txt': 'text\n' })
  const words = ['-o', 'out', '--fresh-outputs', 'sbatch']
  expect((await tell(box, ['schedule', ...words, '-p', 'nosuch', 'job.sh', 'true'])).code).toBe(1)
  expect(await status(box)).toBe('')
  const { job } = await scheduleToEnd(box, [...words, 'job.sh', 'exit 1'])
  expect(await status(box)).toContain('D out/old.bin')
  expect((await tell(box, ['close', job])).code).toBe(0)
  expect(await status(box)).not.toContain('D out')
})

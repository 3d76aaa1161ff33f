import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { datalad } from './support/datalad.ts'
import { commitRecord, repeatHere } from './support/repeat.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, changesOf, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'

/** Prints its inputs and a time, so that every run differs. */
const both = '(cat {inputs}; date +%N)'

describe.each(['old', 'new'] as const)('records of the %s DataLad run again', (version) => {
  let box: Sandbox
  beforeAll(async () => {
    box = await sandboxWithDataset(version === 'new' ? { annex: 'wheel' } : {}, { annex: 'plain' })
    await addFiles(box, 'ds', { 'sub/a 1.txt': 'one\n', 'sub/a 2.txt': 'two\n', 'root.txt': 'root\n' })
  })
  afterAll(async () => box.dispose())

  const head = async (): Promise<string> => box.git('ds', 'rev-parse', 'HEAD')
  const theyRerunOurs = async (commit: string, output: string): Promise<void> => {
    const before = box.read(`ds/${output}`)
    await datalad(box, version, ['rerun', commit])
    expect(box.read(`ds/${output}`)).not.toBe(before)
    expect((await recordOf(box)).record).toMatchObject({ chain: expect.arrayContaining([commit]) as unknown })
  }

  test.each([[[]], [['--expand', 'both']]] as const)('with globs, from a subdirectory %j', async (extra) => {
    const name = `out${extra.length}.txt`
    const words = ['run', '-i', 'a *.txt', '-o', `${name}*`, ...extra, `${both} >${name}`]
    await datalad(box, version, words, { cwd: 'ds/sub' })
    const run = await head()
    const { record: theirs } = await recordOf(box)
    const ours = await repeatHere(box, [run])
    const { record } = await recordOf(box)
    expect(record).toMatchObject({ chain: [run], cmd: theirs.cmd, exit: 0, pwd: 'sub' })
    expect(record.inputs).toEqual(theirs.inputs)
    expect(await changesOf(box)).toEqual([`M sub/${name}`])
    expect(box.read(`ds/sub/${name}`)).toMatch(/^one\ntwo\n\d+\n$/)
    expect(await status(box)).toBe('')
    await theyRerunOurs(ours, `sub/${name}`)
  })

  test('that declare no output: what they committed is the output', async () => {
    await datalad(box, version, ['run', 'date +%N >made; mkdir -p d; date +%N >"d/in [it]"'])
    const run = await head()
    expect((await recordOf(box)).record.outputs).toEqual([])
    await repeatHere(box)
    expect((await recordOf(box)).record).toMatchObject({ chain: [run], pwd: '.' })
    expect(await changesOf(box)).toEqual(['M d/in [it]', 'M made'])
    expect(await status(box)).toBe('')
  })

  test('that lie in an annexed sidecar file', async () => {
    const words = ['run', '--sidecar', 'yes', '-i', 'root.txt', '-o', 'packed', `${both} >packed`]
    await datalad(box, version, words)
    const run = await head()
    const [name = ''] = (await changesOf(box)).flatMap((line) => /^A (\.datalad\/.*)/.exec(line)?.[1] ?? [])
    expect((await box.git('ds', 'ls-files', '-s', '--', name)).startsWith('120000')).toBe(true)
    // What lies in the work tree now says nothing.
    await box.run(['git', 'rm', '-q', '--', name], { cwd: 'ds' })
    await box.git('ds', 'commit', '-q', '-m', 'No record here any more')
    expect((await tell(box, ['show', run])).stdout).toContain(both)
    const ours = await repeatHere(box, [run])
    expect((await recordOf(box)).record).toMatchObject({
      chain: [run],
      cmd: `${both} >packed`,
      inputs: ['root.txt'],
      outputs: ['packed'],
    })
    expect(box.read('ds/packed')).toMatch(/^root\n\d+\n$/)
    await theyRerunOurs(ours, 'packed')
  })

  test('that lie in the folder for records that the dataset names, in git', async () => {
    await box.git('ds', 'config', '-f', '.datalad/config', 'datalad.run.record-directory', 'records here')
    await addFiles(box, 'ds', { '.gitattributes': '* annex.largefiles=nothing\n' })
    await box.git('ds', 'add', '.datalad/config')
    await box.git('ds', 'commit', '-q', '-m', 'Records go there')
    await datalad(box, version, ['run', '--sidecar', 'yes', '-o', 'there', 'date +%N >there'])
    expect((await changesOf(box)).join()).toContain('A records here/')
    await repeatHere(box)
    expect(await changesOf(box)).toEqual(['M there'])
  })

  test('that extra inputs belong to: they are fetched and named again', async () => {
    const record = {
      cmd: 'cat root.txt >kept; date +%N >>kept',
      chain: null,
      dsid: 229089709,
      exit: 0,
      extra_inputs: ['root.txt'],
      inputs: [],
      outputs: ['kept'],
    }
    const original = await commitRecord(box, '[DATALAD RUNCMD] with an image', record, { kept: 'old\n' })
    await repeatHere(box, [original])
    expect((await recordOf(box)).record).toMatchObject({ chain: [original], extra_inputs: ['root.txt'] })
  })
})

test('a command that is a list is run as its words, and DataLad runs our record of it', async () => {
  await using box = await sandboxWithDataset()
  const cmd = ['sh', '-c', 'echo "$1" >"$2"; date +%N >>"$2"', 'sh', "it's a  word", 'out file']
  await commitRecord(box, '[DATALAD RUNCMD] a list', { cmd, outputs: ['out file'] }, { 'out file': '' })
  const ours = await repeatHere(box)
  expect(box.read('ds/out file')).toMatch(/^it's a {2}word\n\d+\n$/)
  const before = box.read('ds/out file')
  await datalad(box, 'old', ['rerun', ours])
  expect(box.read('ds/out file')).toMatch(/^it's a {2}word\n\d+\n$/)
  expect(box.read('ds/out file')).not.toBe(before)
})

test.each([
  ['../../outside', 'does not hold'],
  ['..', 'does not hold'],
  ['nowhere', 'does not hold'],
  ['broken', 'xz cannot unpack'],
])('a record in a sidecar %s is refused', async (name, words) => {
  await using box = await sandboxWithDataset()
  await commitRecord(box, '[DATALAD RUNCMD] elsewhere', name, {
    '.datalad/runinfo/broken': 'no xz at all\n',
    '.datalad/outside': 'x\n',
    outside: 'x\n',
  })
  const told = await tell(box, ['reschedule'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(words)
})

test('without xz, a sidecar is refused with what to install', async () => {
  await using box = await sandboxWithDataset()
  await commitRecord(box, '[DATALAD RUNCMD] packed', 'one', { '.datalad/runinfo/one': 'x\n' })
  const script = 'mkdir bin; for p in git git-annex sh; do ln -s "$(command -v $p)" bin/$p; done'
  await box.run(['sh', '-c', script])
  const PATH = `${box.runtime.bin}:${box.path('bin')}`
  const words = ['env', `PATH=${PATH}`, 'waybill', 'reschedule']
  const told = await box.run(words, { cwd: 'ds', allowFailure: true })
  expect(told.stdout).toContain('no `xz` here')
})

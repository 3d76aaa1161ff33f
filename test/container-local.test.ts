import { expect, test } from 'vitest'
import { addContainer, callFormat, sandboxWithContainer } from './support/container.ts'
import { datalad } from './support/datalad.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  status,
  tell,
} from './support/scenario.ts'
import { localEnded } from './support/after-kill.ts'

const inside = ['sh', '-c', 'cat /inside >out/x; echo "$DATALAD_CONTAINER_NAME" >out/name']

/** A record without what is ours alone. */
async function comparable(box: Sandbox): Promise<unknown> {
  const { record, title } = await recordOf(box)
  const { waybill: _ours, commit_id: _commit, ...rest } = record as Record<string, unknown>
  // DataLad keeps a container's own extra inputs in a set: what follows the image has no order.
  const [image, ...more] = record['extra_inputs'] as readonly string[]
  return { title, ...rest, extra_inputs: [image, ...more.toSorted()] }
}

test('a command runs in the image, by run and by schedule, and the record names the image as an extra input', async () => {
  await using box = await sandboxWithContainer()
  await addFiles(box, 'ds', { 'out/here': '\n' })
  const told = await tell(box, ['run', '--container', 'small', '-o', 'out', ...inside])
  expect(told.code, told.words).toBe(0)
  expect(box.read('ds/out/x')).toBe('small\n')
  expect(box.read('ds/out/name')).toBe('small\n')
  const { record, title } = await recordOf(box)
  expect(title).toMatch(/^\[DATALAD RUNCMD\] sh \.\/\.datalad/)
  const image = '.datalad/environments/small/image'
  expect(record['extra_inputs']).toEqual([image])
  expect(record.cmd).toBe(`sh ./.datalad/in-image ${image} sh -c '${inside[2]}'`)
  expect(record.waybill['container']).toBe('small')
  expect(record.waybill['inputs']).toEqual([
    expect.objectContaining({ path: image, key: expect.any(String) }),
  ])
  await schedule(box, ['--container', 'small', '-o', 'other', 'sh', '-c', 'cat /inside >other'])
  await localEnded(box, 'w2')
  await finish(box)
  expect(box.read('ds/other')).toBe('small\n')
  expect(await status(box)).toBe('')
})

test.each([
  ['old', '.', false],
  ['old', 'sub', false],
  ['new', 'sub', true],
] as const)(
  "the record is the one that containers-run of the %s DataLad writes (in %s, extra inputs: %s), and each repeats the other's",
  async (version, where, extra) => {
    await using box = await sandboxWithDataset()
    const files = { 'overlay.txt': 'o\n', '.datalad/environments/small/more': 'm\n', 'in.txt': '1\n' }
    await addFiles(box, 'ds', { ...files, 'sub/out/here': '\n', 'out/here': '\n' })
    const more = ['--extra-input', '{img_dspath}/overlay.txt', '--extra-input', '{img_dirpath}/more']
    await addContainer(box, 'small', ['--call-fmt', callFormat, ...(extra ? more : [])], 'ds', version)
    const start = await box.git('ds', 'rev-parse', 'HEAD')
    const cwd = `ds/${where}`
    const input = where === '.' ? 'in.txt' : '../in.txt'
    const line = 'cat /inside >out/x; cat "$@" >out/y'
    const command = ['-i', input, '-o', 'out', 'sh', '-c', line, "it's", input]
    const ours = await tell(box, ['run', '--container', 'small', ...command], { cwd })
    expect(ours.code, ours.words).toBe(0)
    const record = await comparable(box)
    const ourCommit = await box.git('ds', 'rev-parse', 'HEAD')
    await box.git('ds', 'reset', '-q', '--hard', start)
    await datalad(box, version, ['containers-run', '-n', 'small', ...command], { cwd })
    expect(record).toEqual(await comparable(box))
    if (extra) expect((await recordOf(box)).record['extra_inputs']).toHaveLength(3)

    const change = async (): Promise<void> => {
      box.write(`${cwd}/out/x`, 'changed\n')
      await box.git('ds', 'commit', '-qam', 'Change it')
    }
    await change()
    const again = await tell(box, ['reschedule', 'HEAD~1'])
    expect(again.code, again.words).toBe(0)
    await localEnded(box, 'w2')
    await finish(box)
    expect(box.read(`${cwd}/out/x`)).toBe('small\n')
    await box.git('ds', 'reset', '-q', '--hard', ourCommit)
    await change()
    await datalad(box, version, ['rerun', 'HEAD~1'])
    expect(box.read(`${cwd}/out/x`)).toBe('small\n')
  },
)

test('the image is fetched where its content is absent', async () => {
  await using box = await sandboxWithContainer()
  await box.run(['git', 'clone', '-q', 'ds', 'clone'])
  await box.git('clone', 'config', 'annex.autoinit', 'true')
  const told = await tell(box, ['run', '--container', 'small', '-o', 'x', 'sh', '-c', 'cat /inside >x'], {
    cwd: 'clone',
  })
  expect(told.code, told.words).toBe(0)
  expect(told.results[0]).toMatchObject({ action: 'get', path: '.datalad/environments/small/image' })
  expect(box.read('clone/x')).toBe('small\n')
})

test("by the path of its image, with a call format of git's configuration, and without one", async () => {
  await using box = await sandboxWithContainer()
  const run = async (name: string, line: string): ReturnType<typeof tell> =>
    tell(box, ['run', '--container', name, '-o', 'x', line])
  expect((await run('.datalad/environments/small/image', 'sh -c "cat /inside >x"')).code).toBe(0)
  await box.git('ds', 'config', 'datalad.containers.small.cmdexec', 'env IN={img} {cmd}')
  expect((await run('small', 'sh -c \'echo "$IN" >x\'')).code).toBe(0)
  expect(box.read('ds/x')).toBe('.datalad/environments/small/image\n')
  await addFiles(box, 'ds', { tool: '#!/bin/sh\necho "ran $*" >x\n' })
  await box.run(['chmod', '+x', 'tool'], { cwd: 'ds' })
  await box.git('ds', 'config', 'datalad.containers.bare.image', 'tool')
  const bare = await run('bare', 'one "two  three"')
  expect(bare.code, bare.words).toBe(0)
  expect(box.read('ds/x')).toBe('ran one two  three\n')
  expect((await recordOf(box)).record).toMatchObject({
    cmd: './tool one "two  three"',
    extra_inputs: ['tool'],
  })
})

test.each([
  ['nothing', 'there is no container nothing; registered are small.', []],
  ['bad', 'lies outside the dataset', ['image', '../image']],
  ['bad', 'is in an old form', ['cmdexec', '["a"]']],
  ['bad', 'unrecognized placeholder {nothing}', ['cmdexec', 'run {nothing} {cmd}']],
  ['bad', 'input missing does not exist', ['image', 'missing']],
])('a container %s is refused: %s', async (name, words, config) => {
  await using box = await sandboxWithContainer()
  await box.git('ds', 'config', 'datalad.containers.bad.image', '.datalad/environments/small/image')
  const [item, value] = config
  if (item !== undefined && value !== undefined)
    await box.git('ds', 'config', `datalad.containers.bad.${item}`, value)
  if (name === 'nothing') await box.git('ds', 'config', '--unset', 'datalad.containers.bad.image')
  const told = await tell(box, ['schedule', '--container', name, '-o', 'x', 'true'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(words)
  expect(await openJobs(box)).toEqual([])
})

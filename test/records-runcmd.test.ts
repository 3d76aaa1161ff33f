import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { datalad } from './support/datalad.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  status,
  tell,
} from './support/scenario.ts'

const script = `import pathlib, sys, time
*inputs, output = sys.argv[1:]
path = pathlib.Path(output)
path.parent.mkdir(exist_ok=True)
path.write_text(''.join(pathlib.Path(i).read_text() for i in inputs) + str(time.time_ns()))
`

/** Schedules on this machine, waits for the end, and records; gives the commit. */
async function runHere(box: Sandbox, words: readonly string[], cwd = 'ds'): Promise<string> {
  await schedule(box, words, { cwd })
  return recordHere(box)
}

async function recordHere(box: Sandbox): Promise<string> {
  const open = async (): Promise<string> => (await tell(box, ['jobs'])).stdout
  while (!/"state":"ended"/.test(await open()));
  await finish(box)
  return box.git('ds', 'rev-parse', 'HEAD')
}

describe.each(['old', 'new'] as const)('with the %s DataLad', (version) => {
  let box: Sandbox
  beforeAll(async () => {
    box = await sandboxWithDataset(version === 'new' ? { annex: 'wheel' } : {})
    await addFiles(box, 'ds', {
      'copy.py': script,
      'in.txt': 'at the root ',
      'sub/copy.py': script,
      'sub/one word.txt': 'one ',
      'sub/two.txt': 'two ',
    })
  })
  afterAll(async () => box.dispose())

  test('datalad rerun runs a record of a command that ran here', async () => {
    const original = await runHere(box, [
      '-i',
      'in.txt',
      '-o',
      'out',
      'python3',
      'copy.py',
      'in.txt',
      'out/a',
    ])
    const { record, title } = await recordOf(box)
    expect(title).toBe('[DATALAD RUNCMD] python3 copy.py in.txt out/a')
    expect(record).toMatchObject({
      chain: [],
      cmd: 'python3 copy.py in.txt out/a',
      exit: 0,
      extra_inputs: [],
      inputs: ['in.txt'],
      outputs: ['out'],
      pwd: '.',
    })
    const before = box.read('ds/out/a')
    await datalad(box, version, ['rerun', original])
    expect(box.read('ds/out/a')).toMatch(/^at the root \d+$/)
    expect(box.read('ds/out/a')).not.toBe(before)
    expect((await recordOf(box)).record).toMatchObject({ chain: [original], cmd: record.cmd, pwd: '.' })
    expect(await changesOf(box)).toEqual(['M out/a'])
    expect(await status(box)).toBe('')
  })

  test('datalad rerun runs a record from a subdirectory, with placeholders', async () => {
    const words = ['-i', '*.txt', '-o', 're s', 'python3', 'copy.py', '{inputs}', '{outputs[0]}/b']
    const original = await runHere(box, words, 'ds/sub')
    expect((await recordOf(box)).record).toMatchObject({
      cmd: 'python3 copy.py {inputs} {outputs[0]}/b',
      inputs: ['*.txt'],
      outputs: ['re s'],
      pwd: 'sub',
    })
    expect(box.read('ds/sub/re s/b')).toMatch(/^one two \d+$/)
    const before = box.read('ds/sub/re s/b')
    await datalad(box, version, ['rerun', original])
    expect(box.read('ds/sub/re s/b')).toMatch(/^one two \d+$/)
    expect(box.read('ds/sub/re s/b')).not.toBe(before)
    expect(await changesOf(box)).toEqual(['M sub/re s/b'])
  })

  test('datalad rerun runs a line that only a shell understands', async () => {
    const original = await runHere(box, ['-o', 'line', "printf '%s\\n' 'a  b' $(date +%N) >line && true"])
    await datalad(box, version, ['rerun', original])
    expect(box.read('ds/line')).toMatch(/^a {2}b\n\d+\n$/)
    expect((await recordOf(box)).record).toMatchObject({ chain: [original] })
  })

  test('waybill reschedule runs a record of ours, and one of datalad run', async () => {
    const original = await runHere(
      box,
      ['-i', 'two.txt', '-o', 'x', '-m', 'my words', 'python3', 'copy.py', 'two.txt', 'x/c'],
      'ds/sub',
    )
    await tell(box, ['reschedule', original])
    const again = await recordHere(box)
    expect((await recordOf(box)).title).toBe('[DATALAD RUNCMD] my words')
    expect((await recordOf(box)).record).toMatchObject({
      chain: [original],
      inputs: ['two.txt'],
      outputs: ['x'],
      pwd: 'sub',
    })
    expect(await changesOf(box)).toEqual(['M sub/x/c'])
    const theirs = ['run', '-i', 'two.txt', '-o', 'y', 'python3 copy.py {inputs} y/d && echo done']
    await datalad(box, version, theirs, { cwd: 'ds/sub' })
    const run = await box.git('ds', 'rev-parse', 'HEAD')
    expect(run).not.toBe(again)
    await tell(box, ['reschedule'])
    await recordHere(box)
    expect((await recordOf(box)).record).toMatchObject({
      chain: [run],
      cmd: 'python3 copy.py {inputs} y/d && echo done',
      inputs: ['two.txt'],
      outputs: ['y'],
      pwd: 'sub',
    })
    expect(await changesOf(box)).toEqual(['M sub/y/d'])
  })
})

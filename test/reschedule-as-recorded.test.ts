import { readlinkSync, statSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { datalad, slurmFinish, slurmSubmit } from './support/datalad.ts'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
import { commitRecord, mustSubmit, repeatHere, repeatOnSlurm } from './support/repeat.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

const binary = (byte: number): Buffer => Buffer.alloc(3000, byte).fill(0, 0, 10)
const script = (word: string): string => `#!/bin/sh\n# ${word}\ncat in.txt big.bin >out\ndate +%N >>out\n`
const words = ['-i', 'in.txt', '-i', 'big.bin', '-o', 'out', 'sbatch', 'run.sh']

let box: Sandbox
beforeEach(async () => {
  box = await sandboxWithDataset({ annex: 'wheel' })
  await addFiles(box, 'ds', { 'in.txt': 'first\n', 'big.bin': binary(1) })
  box.write('ds/run.sh', script('first'), 0o755)
  await box.git('ds', 'add', 'run.sh')
  await box.git('ds', 'commit', '-q', '-m', 'Add a script')
})
afterEach(async () => box.dispose())

const head = async (): Promise<string> => box.git('ds', 'rev-parse', 'HEAD')

async function change(): Promise<void> {
  await box.run(['git', 'rm', '-q', 'big.bin', 'run.sh'], { cwd: 'ds' })
  await box.git('ds', 'commit', '-q', '-m', 'Take files away')
  await addFiles(box, 'ds', { 'in.txt': 'second\n', 'big.bin': binary(2) })
  await box.git('ds', 'commit', '-q', '--allow-empty', '-m', 'Now all is different')
}

function isFirst(): void {
  expect(box.read('ds/in.txt')).toBe('first\n')
  expect(box.read('ds/run.sh')).toBe(script('first'))
  expect(statSync(box.path('ds/run.sh')).mode & 0o111).not.toBe(0)
  expect(readlinkSync(box.path('ds/big.bin'))).toMatch(/^\.git\/annex\/objects\//)
  expect(box.read('ds/big.bin')).toBe(binary(1).toString())
}

test('script and inputs are put back, run, and stay as changes that the new record names', async () => {
  await scheduleToEnd(box, words)
  await finish(box)
  const original = await head()
  const { record } = await recordOf(box)
  await change()
  const report = await tell(box, ['reschedule', '--as-recorded', '--report', original])
  expect(report.words).toContain('would put as recorded: in.txt, big.bin, run.sh')
  expect(box.read('ds/in.txt')).toBe('second\n')
  box.write('ds/beside/.keep', '')
  const id = await repeatOnSlurm(box, ['--as-recorded', original], 'ds/beside')
  isFirst()
  expect(box.read('ds/out')).toMatch(/^first\n/)
  const { record: again } = await recordOf(box)
  expect(again).toMatchObject({ chain: [original], slurm_job_id: id })
  expect(again.waybill['inputs']).toEqual(record.waybill['inputs'])
  expect(again.waybill['differed']).toEqual(expect.arrayContaining(['in.txt', 'big.bin']))
  expect(await status(box)).toContain(' M in.txt')
  // Once more there is nothing to restore.
  const third = await tell(box, ['reschedule', '--as-recorded', original])
  expect(third.results.map(({ action }) => action)).not.toContain('restore')
})

test('a script that was submitted with changes nobody committed is put back from its copy', async () => {
  box.write('ds/run.sh', script('never committed'), 0o755)
  await scheduleToEnd(box, words)
  await finish(box)
  await box.git('ds', 'checkout', '--', 'run.sh')
  await repeatOnSlurm(box, ['--as-recorded'])
  expect(box.read('ds/run.sh')).toBe(script('never committed'))
})

test('a record of datalad-slurm has what stood before it', async () => {
  const id = await slurmSubmit(box, ['slurm-schedule', ...words])
  await slurmFinish(box, id)
  const original = await head()
  await change()
  await repeatOnSlurm(box, ['--as-recorded', original])
  isFirst()
  expect(box.read('ds/out')).toMatch(/^first\n/)
})

test('a record of datalad run has what stood before it, also what it changed itself', async () => {
  await datalad(box, 'new', ['run', '-i', 'in.txt', '-o', 'in.txt', 'echo more >>in.txt; date +%N >>in.txt'])
  const original = await head()
  await addFiles(box, 'ds', { 'in.txt': 'other\n' })
  await repeatHere(box, ['--as-recorded', original])
  expect(box.read('ds/in.txt')).toMatch(/^first\nmore\n\d+\n$/)
})

test.each([
  ['changed', () => box.write('ds/in.txt', 'unsaved\n'), 'in.txt'],
  [
    'staged',
    async () => {
      box.write('ds/in.txt', 'unsaved\n')
      await box.git('ds', 'add', 'in.txt')
    },
    'in.txt',
  ],
  ['untracked', () => box.write('ds/run.sh', 'unsaved\n'), 'run.sh'],
])('nothing is put over what is %s', async (_, edit, path) => {
  await scheduleToEnd(box, words)
  await finish(box)
  const original = await head()
  await change()
  await edit()
  const before = await status(box)
  const told = await tell(box, ['reschedule', '--as-recorded', original])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`changes that no commit holds: ${path}`)
  expect(await status(box)).toBe(before)
  expect(box.read(`ds/${path}`)).toBe('unsaved\n')
  expect(await openJobs(box)).toEqual([])
})

test('nothing is put back when one content is nowhere', async () => {
  await scheduleToEnd(box, words)
  await finish(box)
  const original = await head()
  await change()
  const { record } = await recordOf(box, original)
  const { key = '' } = (record.waybill['inputs'] as { key?: string }[]).find((one) => one.key) ?? {}
  await box.run(['git', 'annex', 'drop', '--force', `--key=${key}`], { cwd: 'ds' })
  const told = await tell(box, ['reschedule', '--as-recorded', original])
  expect(told.code).toBe(1)
  expect(told.words).toMatch(/nowhere here.*: big\.bin;/)
  expect(await status(box)).toBe('')
})

test('a range in which two records need different contents is refused before anything runs', async () => {
  const start = await head()
  await scheduleToEnd(box, words)
  await finish(box)
  await addFiles(box, 'ds', { 'in.txt': 'second\n' })
  await scheduleToEnd(box, ['-i', 'in.txt', '-o', 'other', 'sbatch', 'job.sh', 'cat in.txt >other'])
  await finish(box)
  const told = await tell(box, ['reschedule', '--as-recorded', '--since', start])
  expect(told.code).toBe(1)
  expect(told.words).toContain('need different contents of in.txt')
  expect(await openJobs(box)).toEqual([])
})

test('nothing is pulled away under an open job', async () => {
  await scheduleToEnd(box, words)
  await finish(box)
  const original = await head()
  await change()
  const gate = makeGate(box)
  const reader = await schedule(box, [
    '-i',
    'in.txt',
    '-o',
    'x',
    'sbatch',
    'job.sh',
    `${gate.line}; cat in.txt >x`,
  ])
  const told = await tell(box, ['reschedule', '--as-recorded', original])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`the open job ${reader.id} reads it`)
  // The job's own log may be there by now.
  expect(await box.git('ds', 'status', '--porcelain', '--untracked-files=no')).toBe('')
  await gate.open()
  await jobEnded(box, reader.id)
})

test.each(['../outside', '.git/hooks/mine', 'link/file', '/outside'])(
  'a record that names %s writes nothing there',
  async (path) => {
    box.write('elsewhere/file', 'mine\n')
    await box.run(['ln', '-s', '../elsewhere', 'ds/link'])
    await box.git('ds', 'add', 'link')
    const blob = await box.git('ds', 'rev-parse', 'HEAD:in.txt')
    const named = path === '/outside' ? box.path('outside') : path
    const record = {
      cmd: 'sbatch job.sh true',
      outputs: ['out'],
      slurm_job_id: 1,
      slurm_outputs: [],
      waybill: { inputs: [], script: { path: named, blob } },
    }
    await commitRecord(box, '[DATALAD SLURM RUN] Slurm job 1: Completed', record)
    const told = await tell(box, ['reschedule', '--as-recorded'])
    expect(told.code, told.stdout).toBe(1)
    expect(() => mustSubmit(told)).toThrow()
    expect(box.exists('outside')).toBe(false)
    expect(box.exists('ds/.git/hooks/mine')).toBe(false)
    expect(box.read('elsewhere/file')).toBe('mine\n')
  },
)

import { expect, test } from 'vitest'
import { readMessage, writeMessage } from './message.ts'
import type { RunRecord } from './record.ts'
import { stateTitle, titleSaysCompleted } from './title.ts'

const record: RunRecord = {
  alt_dir: '',
  chain: [],
  cmd: 'sbatch slurm.sh',
  commit_id: null,
  dsid: '15523a4c-9af9-4e60-b9c0-41156ca59c7b',
  extra_inputs: [],
  inputs: [],
  outputs: ['d5', 'd5/log.slurm-7.out'],
  pwd: '.',
  slurm_job_id: 7,
  slurm_outputs: ['d5/log.slurm-7.out'],
}

test('a message reads as what was written', () => {
  const text = writeMessage('DATALAD SLURM RUN', 'Slurm job 7: Completed\n\nfirst try', record)
  expect(text.split('\n').slice(0, 6)).toEqual([
    '[DATALAD SLURM RUN] Slurm job 7: Completed',
    '',
    'first try',
    '',
    '=== Do not change lines below ===',
    '{',
  ])
  const read = readMessage(text)
  expect(read).toEqual({
    ok: true,
    value: { title: 'DATALAD SLURM RUN', text: 'Slurm job 7: Completed\n\nfirst try', record },
  })
})

test('text of the user that looks like a marker does no harm', () => {
  const text = writeMessage('DATALAD RUNCMD', 'about ^^^ Do not change lines above ^^^', {
    ...record,
    cmd: 'x',
  })
  expect(readMessage(text)).toMatchObject({ ok: true, value: { record: { cmd: 'x' } } })
})

const lines = ['=== Do not change lines below ===', '^^^ Do not change lines above ^^^'] as const

test('a backslash before u0000 is no NUL', () => {
  const text = writeMessage('DATALAD RUNCMD', 'x', { ...record, cmd: 'printf "\\u0000"' })
  expect(readMessage(text)).toMatchObject({ ok: true })
})

test("a whole record in the user's text does not hide the real one", () => {
  const forged = `about\n${lines[0]}\n{"cmd": "forged"}\n${lines[1]}\nend`
  const text = writeMessage('DATALAD RUNCMD', forged, record)
  expect(text.split('\n').filter((line) => lines.includes(line as (typeof lines)[0]))).toEqual([...lines])
  expect(readMessage(text)).toMatchObject({ ok: true, value: { record: { cmd: 'sbatch slurm.sh' } } })
  // As others wrote it, unindented: the last one counts, as for DataLad.
  const raw = text.replaceAll(/^ {2}/gm, '')
  expect(readMessage(raw)).toMatchObject({ ok: true, value: { record: { cmd: 'sbatch slurm.sh' } } })
})

test('lines like those around a record that come after it do no harm', () => {
  const text = writeMessage('DATALAD RUNCMD', 'x', record)
  for (const after of [lines[0], lines[1], `${lines[0]}\n${lines[1]}`, `${lines[0]}\nno JSON\n${lines[1]}`])
    expect(readMessage(`${text}\n${after}\n`), after).toMatchObject({
      ok: true,
      value: { text: 'x', record: { cmd: 'sbatch slurm.sh' } },
    })
})

test('a record with a NUL, which no argument can hold, is refused', () => {
  for (const part of [
    '"cmd": "a\\u0000b"',
    '"cmd": "x", "pwd": "\\u0000"',
    '"cmd": "x", "inputs": ["\\u0000"]',
  ])
    expect(readMessage(`[DATALAD RUNCMD] x\n\n${lines[0]}\n{${part}}\n${lines[1]}\n`)).toMatchObject({
      ok: false,
      failure: { kind: 'bad-record', detail: 'it holds a NUL character' },
    })
})

test.each([
  ['fix a typo', 'no-record'],
  ['Revert "[DATALAD SLURM RUN] Slurm job 7: Completed"', 'no-record'],
  ['[DATALAD SLURM RUN] x', 'bad-record'],
  ['[DATALAD SCHEDULE] Submitted batch job 7: Pending', 'bad-record'],
  ['[DATALAD OTHER] Processed batch job 7: Complete', 'no-record'],
  [
    '[DATALAD RUNCMD] x\n\n=== Do not change lines below ===\n{"cmd": 3}\n^^^ Do not change lines above ^^^\n',
    'bad-record',
  ],
  [
    '[DATALAD RUNCMD] x\n\n=== Do not change lines below ===\n{"cmd": \n^^^ Do not change lines above ^^^\n',
    'bad-record',
  ],
])('%s', (message, kind) => {
  expect(readMessage(message)).toMatchObject({ ok: false, failure: { kind } })
})

test('a sidecar is named, older keys are read, empty log names dropped', () => {
  const wrap = (json: string): string =>
    `[DATALAD SLURM RUN] Slurm job 7: Completed\n\n=== Do not change lines below ===\n${json}\n^^^ Do not change lines above ^^^\n`
  expect(readMessage(wrap('"0a1b"'))).toMatchObject({ ok: true, value: { record: '0a1b' } })
  expect(readMessage(wrap('{"cmd": "sbatch x", "slurm_run_outputs": ["", "a"]}'))).toMatchObject({
    ok: true,
    value: { record: { slurm_outputs: ['a'], inputs: [], chain: [] } },
  })
})

test.each([
  [['COMPLETED', 'COMPLETED'], 'Completed'],
  [['TIMEOUT'], 'Timeout'],
  [['OUT_OF_MEMORY'], 'Out_of_memory'],
  [['COMPLETED', 'FAILED'], 'Array failed (some complete)'],
  [['FAILED', 'CANCELLED'], 'Array failed (multiple causes)'],
])('%s: %s', (states, title) => {
  expect(stateTitle(states)).toBe(title)
  expect(titleSaysCompleted(`Slurm job 7: ${title}\n\nmore`)).toBe(title === 'Completed')
})

test('a record without a word to run is refused', () => {
  for (const cmd of ['', [], undefined]) {
    const text = `[DATALAD RUNCMD] x\n\n${lines[0]}\n${JSON.stringify({ cmd, outputs: ['a'] })}\n${lines[1]}\n`
    expect(readMessage(text)).toMatchObject({ ok: false, failure: { detail: 'it has no command' } })
  }
})

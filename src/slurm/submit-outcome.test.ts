import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { printedId, submitOutcome } from './submit-outcome.ts'

interface Recorded {
  readonly name: string
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const recorded = JSON.parse(
  readFileSync(new URL('fixtures/sbatch-22.05.8.json', import.meta.url), 'utf8'),
) as readonly Recorded[]

const kinds: Readonly<Record<string, string>> = {
  plain: 'submitted',
  parsable: 'submitted',
  cluster: 'submitted',
  'parsable cluster': 'submitted',
  'wait for a failing job': 'submitted',
  'one of two clusters': 'submitted',
  quiet: 'unknown',
  frozen: 'unknown',
  closed: 'unknown',
  'test only closed': 'unknown',
  'test only': 'no-job',
  help: 'no-job',
  usage: 'no-job',
  version: 'no-job',
}

test.each(recorded)('sbatch 22.05.8, $name', ({ name, exitCode, stdout, stderr }) => {
  const outcome = submitOutcome({ exitCode, stdout, stderr, submitsNothing: false })
  expect(outcome.kind).toBe(kinds[name] ?? 'refused')
  expect(outcome).toMatchObject({ exitCode, stdout, stderr })
})

test.each([
  ['Submitted batch job 7\n', '7', null],
  ['Submitted batch job 7 on cluster far\n', '7', 'far'],
  ['7\n', '7', null],
  ['7;far\n', '7', 'far'],
  ['Welcome!\n  quota 80%\nSubmitted batch job 7\n12\n', '7', null],
  ['note 12\n7\n', '7', null],
])('finds the id in %j', (text, id, cluster) => {
  expect(printedId(text)).toEqual({ id, cluster })
})

test.each([['Submitted batch job 7\nSubmitted batch job 8\n'], ['7\n8\n'], ['job 7 submitted\n'], ['']])(
  'finds no certain id in %j',
  (text) => {
    expect(printedId(text)).toBeNull()
  },
)

test('what we do not know is not a refusal', () => {
  for (const words of [
    'sbatch: error: Batch job submission failed: Slurm internal error, contact system administrator',
    'sbatch: error: Batch job submission failed: Something new',
    'sbatch: error: Batch job submission failed: Unable to contact slurm controller (receive failure)',
    'sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received',
    'sbatch: error: Batch job submission failed: Slurm backup controller in standby mode',
    'Terminated',
    '',
  ]) {
    expect(submitOutcome({ exitCode: 1, stdout: '', stderr: words, submitsNothing: false }).kind).toBe(
      'unknown',
    )
  }
})

test('a plugin that refuses, and a missing sbatch, are refusals', () => {
  const plugin =
    'sbatch: error: no GPUs on Fridays\nsbatch: error: Batch job submission failed: Unspecified error\n'
  expect(submitOutcome({ exitCode: 1, stdout: '', stderr: plugin, submitsNothing: false }).kind).toBe(
    'refused',
  )
  const missing = 'submit.sh: 25: sbatch: not found\n'
  expect(submitOutcome({ exitCode: 127, stdout: '', stderr: missing, submitsNothing: false }).kind).toBe(
    'refused',
  )
})

test('words that asked for no job cannot leave one behind', () => {
  expect(submitOutcome({ exitCode: 0, stdout: 'fine\n', stderr: '', submitsNothing: true }).kind).toBe(
    'no-job',
  )
  expect(submitOutcome({ exitCode: 1, stdout: '', stderr: 'timed out', submitsNothing: true }).kind).toBe(
    'refused',
  )
})

import { expect, test } from 'vitest'
import { localWitness, scheduledOnceOrNever, slurmWitness, type Witness } from './support/after-kill.ts'
import { killEverywhere, type KillCase } from './support/kill-harness.ts'
import type { RunOptions, Sandbox } from './support/sandbox.ts'
import { addFiles, sandboxWithDataset } from './support/scenario.ts'
import { everyPoint, keepTemplate, restore, sweepLimit } from './support/template.ts'

/** Annexed outputs that `schedule` makes writable, a script, and no ledger yet in one of two attempts. */
async function datasetWithOutputs(): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  const files = Object.fromEntries(
    [1, 2, 3].map((n) => [`out/${n}.bin`, Buffer.alloc(2000, n).fill(0, 0, 9)]),
  )
  await addFiles(box, 'ds', files)
  await keepTemplate(box)
  return box
}

const following = [
  ['jobs'],
  ['finish'],
  ['schedule', '-o', 'other', '--dry-run', 'basic', 'sbatch', 'job.sh'],
] as const

interface Attempt {
  readonly name: string
  readonly number: number
}

/** Kills schedules of fresh names, and looks after each with another of the commands that may come next. */
async function sweep(
  box: Sandbox,
  witness: Witness,
  words: (name: string) => readonly string[],
  options: Pick<KillCase<Attempt>, 'points' | 'who' | 'calls'> & { readonly how?: RunOptions },
): Promise<Readonly<Record<'submitted' | 'never', number>>> {
  let number = 0
  const run = Date.now().toString(36)
  const name = (attempt: number): string => `k${process.pid}-${run}-${attempt}`
  const ends = { submitted: 0, never: 0 }
  const { how, ...rest } = options
  const report = await killEverywhere<Attempt>(box, {
    ...rest,
    prepare: async () => {
      // The run that only counts leaves a job behind, which would write into the next attempt's files.
      if (number === 1) for (const id of await witness.ids(name(number))) await witness.ended(id)
      await restore(box)
      number += 1
      return { name: name(number), number }
    },
    command: (attempt) => ({
      words: ['waybill', 'schedule', '--json', '-o', 'out', ...words(attempt.name)],
      options: { cwd: 'ds', ...how },
    }),
    check: async (attempt) => {
      const next = following[attempt.number % following.length] ?? ['jobs']
      ends[await scheduledOnceOrNever(box, attempt.name, witness, next)] += 1
    },
  })
  if (everyPoint)
    process.stderr.write(`${report.tried.length} points of ${report.counted}, ${JSON.stringify(ends)}\n`)
  if (options.who !== 'tree') expect(report.tried.filter((one) => one.died).length).toBeGreaterThan(0)
  return ends
}

test(
  'schedule of a Slurm job killed at any call: submitted once and known, or never and nothing left',
  { timeout: sweepLimit },
  async () => {
    await using box = await datasetWithOutputs()
    const ends = await sweep(
      box,
      slurmWitness(box),
      (name) => ['sbatch', `--job-name=${name}`, 'job.sh', 'echo 1 >>out/1.bin; echo 1 >out/x'],
      { points: 7 },
    )
    expect(ends.never).toBeGreaterThan(0)
    expect(ends.submitted).toBeGreaterThan(0)
  },
)

test(
  'schedule killed while it looks for room for its outputs: no file of that is left',
  { timeout: sweepLimit },
  async () => {
    await using box = await datasetWithOutputs()
    await sweep(box, slurmWitness(box), (name) => ['sbatch', `--job-name=${name}`, 'job.sh', 'true'], {
      points: 6,
      calls: ['ftruncate', 'fchmod'],
    })
  },
)

test(
  'schedule, its shell and sbatch itself killed at any call: still once or never',
  { timeout: sweepLimit },
  async () => {
    await using box = await datasetWithOutputs()
    await sweep(
      box,
      slurmWitness(box),
      (name) => ['sbatch', `--job-name=${name}`, 'job.sh', 'echo 1 >out/x'],
      {
        points: 6,
        who: 'tree',
        calls: ['write', 'sendto', 'connect', 'execve', 'clone', 'vfork', 'rename', 'pwrite64'],
      },
    )
  },
)

test(
  'schedule of an array whose script came on standard input, killed at any call',
  { timeout: sweepLimit },
  async () => {
    await using box = await datasetWithOutputs()
    await sweep(box, slurmWitness(box), (name) => ['sbatch', `--job-name=${name}`, '--array=0-1'], {
      points: 4,
      how: { input: '#!/bin/sh\necho 1 >out/$SLURM_ARRAY_TASK_ID\n' },
    })
  },
)

test.each([
  ['a command of this machine', [], 1],
  ['an array of this machine', ['--array', '0-1'], 2],
] as const)(
  'schedule of %s killed at any call: run once, or never',
  { timeout: sweepLimit },
  async (_, array, tasks) => {
    await using box = await datasetWithOutputs()
    const ends = await sweep(
      box,
      localWitness(box, tasks),
      (name) => [...array, 'sh', '-c', `echo ${name} >>../ran; echo 1 >>out/2.bin`],
      { points: 5 },
    )
    expect(ends.never).toBeGreaterThan(0)
    expect(ends.submitted).toBeGreaterThan(0)
  },
)

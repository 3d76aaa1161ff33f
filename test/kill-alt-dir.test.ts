import { expect, test } from 'vitest'
import { scheduledOnceOrNever, slurmWitness } from './support/after-kill.ts'
import { killEverywhere } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, sandboxWithDataset, status, tell } from './support/scenario.ts'
import {
  everyPoint,
  keepTemplate,
  recordsByJob,
  restore,
  scheduleAllToEnd,
  sweepLimit,
  textAt,
  whole,
} from './support/template.ts'

const binary = (byte: number): Buffer => Buffer.alloc(3000, byte).fill(0, 0, 10)

/** Inputs of both kinds, one of which lies there already, and an older output there. */
async function withInputs(): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'in/a.txt': 'a\n',
    'in/b.bin': binary(1),
    'in/deep/c.txt': 'c\n',
    'in/there': 'x\n',
  })
  box.write('alt/in/there', 'x\n')
  box.write('alt/o/older', 'older\n')
  return box
}

async function keepBoth(box: Sandbox): Promise<void> {
  await keepTemplate(box)
  await box.run(['cp', '-a', 'alt', 'alt-template'])
}

async function restoreBoth(box: Sandbox): Promise<void> {
  await restore(box)
  await box.run(['sh', '-c', 'rm -rf alt; cp -a alt-template alt'])
}

/** The directory holds what it held before any job, and nothing waits to be done for it. */
async function isClean(box: Sandbox): Promise<void> {
  const found = await box.run(['sh', '-c', 'find alt ds/.git/waybill/alt-dirs -type f; find alt -type d'])
  expect(found.stdout.trim().split('\n').toSorted()).toEqual([
    'alt',
    'alt/in',
    'alt/in/there',
    'alt/o',
    'alt/o/older',
  ])
}

test(
  'schedule into an alternative directory killed at any call: submitted once and known, or never and nothing left',
  { timeout: sweepLimit },
  async () => {
    await using box = await withInputs()
    await box.run(['mkdir', '-p', 'ds/.git/waybill/alt-dirs'])
    await keepBoth(box)
    const witness = slurmWitness(box)
    const run = Date.now().toString(36)
    let number = 0
    const name = (attempt: number): string => `a${process.pid}-${run}-${attempt}`
    const words = 'waybill schedule --json -a ../alt -i in -o o sbatch'.split(' ')
    const ends = { submitted: 0, never: 0 }
    const report = await killEverywhere<string>(box, {
      points: 7,
      prepare: async () => {
        // The run that only counts leaves a job behind, which would write into the next attempt's files.
        if (number === 1) for (const id of await witness.ids(name(number))) await witness.ended(id)
        await restoreBoth(box)
        number += 1
        return name(number)
      },
      command: (job) => ({
        words: [...words, `--job-name=${job}`, 'job.sh', 'cat in/*.* in/deep/c.txt >o/new'],
        options: { cwd: 'ds' },
      }),
      check: async (job) => {
        const end = await scheduledOnceOrNever(box, job, witness, ['jobs'])
        ends[end] += 1
        if (end === 'submitted') expect(textAt(box, 'o/new').length).toBe(3004)
        // What was killed while it was taken back is taken back by the next finish.
        await tell(box, ['finish'])
        expect(box.exists('ds/o/older')).toBe(false)
        await isClean(box)
      },
    })
    if (everyPoint)
      process.stderr.write(`${report.tried.length} points of ${report.counted}, ${JSON.stringify(ends)}\n`)
    expect(ends.never).toBeGreaterThan(0)
    expect(ends.submitted).toBeGreaterThan(0)
  },
)

test(
  'finish of jobs in an alternative directory killed at any call: the next one records each once, and cleans',
  { timeout: sweepLimit },
  async () => {
    await using box = await withInputs()
    await addFiles(box, 'ds', { 'o/locked.bin': binary(2) })
    const ids = await scheduleAllToEnd(box, [
      [
        '-a',
        '../alt',
        '-i',
        'in',
        '-o',
        'o',
        'sbatch',
        'job.sh',
        'cat in/a.txt >o/one; cat in/b.bin >o/locked.bin; ln -s one o/link',
      ],
      [
        '-a',
        '../alt',
        '-i',
        'in',
        '-o',
        'p',
        'sbatch',
        '--array=1-2',
        'job.sh',
        'mkdir -p p/q; cat in/b.bin >p/q/$SLURM_ARRAY_TASK_ID.bin',
      ],
    ])
    await keepTemplate(box)
    // By links, as files are known by their numbers; the older one stays where it is, untouched even by that.
    await box.run([
      'sh',
      '-c',
      'cd alt; mkdir ../kept; find . ! -name older ! -type d -exec cp -al --parents -t ../kept {} +',
    ])
    const report = await killEverywhere(box, {
      points: 7,
      prepare: async () => {
        await restore(box)
        await box.run(['sh', '-c', 'cp -aln kept/. alt/'])
      },
      command: () => ({ words: ['waybill', 'finish', '--json'], options: { cwd: 'ds' } }),
      check: async () => {
        for (const _ of [1, 2]) {
          const told = await tell(box, ['finish'])
          expect(told.code, told.stdout + told.stderr).toBe(0)
        }
        expect(await recordsByJob(box)).toEqual(Object.fromEntries(ids.map((id) => [id, 1])))
        expect(await openJobs(box)).toEqual([])
        const tracked = (await box.git('ds', 'ls-tree', '-r', '--name-only', 'HEAD', 'o', 'p')).split('\n')
        expect(tracked).toEqual(['o/link', 'o/locked.bin', 'o/one', 'p/q/1.bin', 'p/q/2.bin'])
        expect(textAt(box, 'o/link')).toBe('a\n')
        for (const path of ['o/locked.bin', 'p/q/1.bin', 'p/q/2.bin'])
          expect(textAt(box, path)).toBe(textAt(box, 'in/b.bin'))
        expect(await status(box)).toBe('')
        await whole(box)
        await isClean(box)
      },
    })
    if (everyPoint) process.stderr.write(`${report.tried.length} points of ${report.counted}\n`)
    expect(report.tried.filter((one) => one.died).length).toBeGreaterThan(report.tried.length / 4)
  },
)

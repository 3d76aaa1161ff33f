import { expect, test } from 'vitest'
import {
  assetsHead,
  assetsMade,
  killMaterialize,
  newestId,
  project,
  recordOfPiece,
} from './support/assets.ts'
import { makeGate } from './support/gate.ts'
import { noteCalls } from './support/note-calls.ts'
import { addFiles, recordOf, sandboxWithDataset, tell } from './support/scenario.ts'

test('an asset on Slurm: what a run asks of Slurm and git, each thing once', async () => {
  await using box = await project(`${assetsHead}\n  one: { outputs: [one.txt], run: "echo 1 >one.txt" }\n`)
  const names = ['scontrol', 'sacct', 'squeue', 'git'] as const
  const [scontrol, sacct, squeue, git] = names.map((name) => noteCalls(box, name))
  const env = { PATH: scontrol?.PATH ?? '', WAYBILL_FACTS_WAIT: '30' }
  const made = await tell(box, ['materialize', '--site', 'cluster'], { env })
  expect(made.code, made.words).toBe(0)
  expect(await assetsMade(box)).toEqual(['one'])

  // When it was submitted, and when it was over: for the facts, and for its description beside the record.
  expect(scontrol?.calls().filter((call) => call.includes('show job'))).toHaveLength(2)
  // The controller has told the names.
  expect(sacct?.calls()).not.toEqual([])
  expect(sacct?.calls().filter((call) => /TRES|QOS,/.test(call))).toEqual([])
  const { waybill } = (await recordOf(box, await recordOfPiece(box, 'one'))).record
  expect(waybill).toMatchObject({ accounting: 'complete', qos: 'normal', billing: 1 })

  // It is asked for room, and then only about the job.
  expect(squeue?.calls()).not.toEqual([])
  const questions = (word: string): number => git?.calls().filter((call) => call.includes(word)).length ?? 0
  expect(questions('for-each-ref')).toBe(0)
  expect(questions('ls-tree')).toBeLessThanOrEqual(3)
  expect(questions('annex add')).toBe(1)
})

test('of a job that the queue has forgotten the facts of its steps are asked for, too', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  one: { outputs: [one.txt], run: bash one.sh }\n`,
    'one.sh': `${gate.line}; echo 1 >one.txt\n`,
  })
  await killMaterialize(box, ['--site', 'cluster'], async () => gate.reached())
  await gate.open()
  // All of it: accounting may hear of a beginning after the end.
  const name = ['sacct', '-n', '-P', '-X', '-j', await newestId(box), '-o', 'State,JobName']
  const said = async (): Promise<string> => (await box.run(name)).stdout.trim()
  await expect.poll(said, { timeout: 40_000 }).toBe('COMPLETED|one')
  const sacct = noteCalls(box, 'sacct')
  box.write('noting/squeue', '#!/bin/sh\nexit 0\n', 0o755)
  const made = await tell(box, ['materialize', '--site', 'cluster'], { env: { PATH: sacct.PATH } })
  expect(made.code, made.words).toBe(0)
  expect(sacct.calls().map((call) => call.includes(' -X '))).toEqual([true, false])
})

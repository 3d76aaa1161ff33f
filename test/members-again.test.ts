import { afterAll, beforeAll, expect, test } from 'vitest'
import { slurmFinish, slurmSubmit } from './support/datalad.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, changesOf, recordOf, sandboxWithDataset, tell } from './support/scenario.ts'

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset({ annex: 'wheel' })
  await addFiles(box, 'ds', {
    'all.sh': `mkdir -p "$1"
first=$(sbatch --parsable job.sh "date +%N >$1/a")
echo "Submitted batch job $first"
sbatch --dependency=afterok:$first job.sh "date +%N >$1/b"
`,
  })
})
afterAll(async () => box.dispose())

interface Ids {
  readonly slurm_job_ids?: readonly number[]
}

/** Runs a command of ours that submits several jobs, waits for their end and records them; gives their ids. */
async function submitAndFinish(words: readonly string[]): Promise<readonly number[]> {
  const told = await tell(box, words)
  const found = told.results.map((one) => (one as Ids).slurm_job_ids).find((ids) => ids !== undefined)
  if (told.code !== 0 || found === undefined) throw new Error(`${told.stdout}${told.stderr}`)
  for (const id of found) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
  const finished = await tell(box, ['finish'])
  expect(finished.code, finished.stdout).toBe(0)
  return found
}

/** Has datalad-slurm submit several jobs, waits for their end, and records them by the first, which alone it knows. */
async function theirs(words: readonly string[]): Promise<void> {
  const before = await jobsHere()
  await slurmSubmit(box, words)
  const ids = (await jobsHere()).filter((id) => !before.includes(id))
  for (const id of ids) await jobEnded(box, id)
  await slurmFinish(box, ids[0] ?? 0)
}

async function jobsHere(): Promise<readonly number[]> {
  const seen = (await box.run(['squeue', '-h', '-t', 'all', '--me', '-o', '%F %Z'])).stdout
  const lines = seen.split('\n').filter((line) => line.includes(` ${box.folder}/`))
  return lines.map((line) => Number(line.split(' ')[0])).toSorted((a, b) => a - b)
}

async function commit(): Promise<string> {
  return box.git('ds', 'rev-parse', 'HEAD')
}

test('a record of several jobs is rescheduled by us and by datalad-slurm', async () => {
  const first = await submitAndFinish([
    'schedule',
    '--scheduler',
    'slurm',
    '-o',
    'ours',
    '-m',
    'all at once',
    'bash',
    'all.sh',
    'ours',
  ])
  const original = await commit()
  await box.run(['git', 'clone', '-q', 'ds', 'clone'])
  const shown = await tell(box, ['show', String(first[1])], { cwd: 'clone' })
  expect(shown.stdout, 'another clone knows it by each id').toContain(original)
  const again = await submitAndFinish(['reschedule'])
  expect(again).toHaveLength(2)
  const { record, message } = await recordOf(box)
  expect(record).toMatchObject({
    chain: [original],
    cmd: 'bash all.sh ours',
    slurm_job_id: again[0],
    outputs: [
      'ours',
      ...again.map((id) => `slurm-${id}.out`),
      ...again.map((id) => `slurm-job-${id}.env.json`),
    ],
  })
  expect(message).toContain(`\n\nall at once\n\nRe-submission of job ${first[0]}.\n`)
  expect(await changesOf(box)).toEqual(expect.arrayContaining(['M ours/a', 'M ours/b']))

  await theirs(['slurm-reschedule', original])
  expect((await recordOf(box)).record).toMatchObject({ chain: [original], cmd: 'bash all.sh ours' })
})

test.each([
  ['a script that calls sbatch', 'bash all.sh theirs', 'theirs', 2],
  ['a line for a shell', 'mkdir -p line && sbatch job.sh "date +%N >line/a" | tee ../printed', 'line', 1],
])('we reschedule a record of datalad-slurm of %s', async (_, line, output, count) => {
  await theirs(['slurm-schedule', '-o', output, line])
  const original = await commit()
  expect((await recordOf(box)).record.cmd).toBe(line)
  const ids = await submitAndFinish(['reschedule'])
  expect(ids).toHaveLength(count)
  expect((await recordOf(box)).record).toMatchObject({ chain: [original], cmd: line, slurm_job_id: ids[0] })
  expect(await changesOf(box)).toContain(`M ${output}/a`)
})

import { expect, test } from 'vitest'
import { slurmFinish, slurmSubmit } from './support/datalad.ts'
import { commitRecord, mustSubmit, repeatOnSlurm } from './support/repeat.ts'
import type { Sandbox } from './support/sandbox.ts'
import { changesOf, recordOf, sandboxWithDataset, tell } from './support/scenario.ts'

// No release of datalad-slurm that wrote these can be had: they are written here in the form that its documentation shows.

interface Pair {
  readonly id: number
  readonly output: string
  readonly pwd?: string
  /** The keys of the later of these releases. */
  readonly later?: boolean
}

const recordFor = ({ id, output, pwd = '.', later = false }: Pair, exit: number): object => ({
  chain: [],
  cmd: `sbatch ${pwd === '.' ? '' : '../'}job.sh 'mkdir -p ${output}; date +%N >${output}/when'`,
  dsid: 229089709,
  exit,
  extra_inputs: [],
  inputs: [],
  outputs: [output],
  pwd,
  slurm_job_id: id,
  [later ? 'slurm_outputs' : 'slurm_run_outputs']: ['', `slurm-${id}.out`],
})

const submitted = async (box: Sandbox, pair: Pair, title = 'SCHEDULE'): Promise<string> =>
  commitRecord(box, `[DATALAD ${title}] Submitted batch job ${pair.id}: Pending\n\nmine`, recordFor(pair, 0))

async function finished(box: Sandbox, pair: Pair, word = 'Complete'): Promise<string> {
  const folder = pair.pwd === undefined ? '' : `${pair.pwd}/`
  return commitRecord(
    box,
    `[DATALAD FINISH] Processed batch job ${pair.id}: ${word}\n\nmine`,
    recordFor(pair, 0),
    {
      [`${folder}${pair.output}/when`]: 'long ago\n',
      [`${folder}slurm-${pair.id}.out`]: 'its log\n',
    },
  )
}

test.each([
  [{ id: 9163380, output: 'out' }, 'out'],
  [{ id: 9163381, output: 'out', pwd: 'sub', later: true }, 'sub/out'],
] as const)('the pair %j runs again, and has a record of today then', async (pair, output) => {
  await using box = await sandboxWithDataset({ annex: 'wheel' })
  await submitted(box, pair)
  const original = await finished(box, pair)
  box.write('ds/elsewhere/.keep', '')
  const id = await repeatOnSlurm(box, [], 'ds/elsewhere')
  const { record, message, title } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Completed`)
  expect(message).toContain(`\n\nmine\n\nRe-submission of job ${pair.id}.\n`)
  expect(record).toMatchObject({ chain: [original], slurm_job_id: id })
  expect(record.outputs[0]).toBe(output)
  expect(record.outputs).not.toContain(`slurm-${pair.id}.out`)
  expect(await changesOf(box)).toContain(`M ${output}/when`)
  const again = await slurmSubmit(box, ['slurm-reschedule'])
  await slurmFinish(box, again)
  expect((await recordOf(box)).record).toMatchObject({ slurm_job_id: again })
})

test('a range runs a pair once, and tells of the submission that has no result', async () => {
  await using box = await sandboxWithDataset()
  const pairs = [1, 2, 3].map((id) => ({ id, output: `out${id}` }))
  const [first, second, third] = pairs as [Pair, Pair, Pair]
  const start = await box.git('ds', 'rev-parse', 'HEAD')
  await submitted(box, first)
  const other = await submitted(box, second, 'RESCHEDULE')
  const result = await finished(box, first)
  const open = await submitted(box, third)
  const last = await finished(box, second)
  const told = await tell(box, ['reschedule', '--report', '--since', start])
  const found = (words: string): readonly (string | undefined)[] =>
    told.results.filter(({ message }) => message?.includes(words)).map(({ commit }) => commit)
  expect(found('would run')).toEqual([result, last])
  expect(found('job 3 is still open')).toEqual([open])
  // The submission alone stands for its result, also when that came later.
  const one = await tell(box, ['reschedule', '--since', start, other])
  expect(mustSubmitAll(one)).toHaveLength(2)
})

const mustSubmitAll = (told: Parameters<typeof mustSubmit>[0]): readonly number[] =>
  mustSubmit({ ...told, code: 0 })

test('a result belongs to its submission, whatever the clocks of those who committed them said', async () => {
  await using box = await sandboxWithDataset()
  const pair = { id: 11, output: 'out' }
  const submission = await submitted(box, pair)
  await finished(box, pair)
  const early = { GIT_COMMITTER_DATE: '2001-01-01T00:00:00Z' }
  await box.run(['git', 'commit', '-q', '--amend', '--no-edit'], { cwd: 'ds', env: early })
  const told = await tell(box, ['reschedule', '--report', submission])
  expect(told.words).toContain('would run')
})

test('a submission without its result is still open, and one that failed is run when asked for', async () => {
  await using box = await sandboxWithDataset()
  const pair = { id: 7, output: 'out' }
  const open = await submitted(box, pair)
  const told = await tell(box, ['reschedule', open])
  expect(told.code).toBe(1)
  expect(told.words).toContain('job 7 is still open')
  // An id that comes again belongs to the nearest submission before it.
  await finished(box, pair, 'Failed')
  const failed = await tell(box, ['reschedule', open])
  expect(failed.code).toBe(1)
  expect(failed.words).toContain('skipped: Processed batch job 7: Failed; with --with-failed-jobs')
  await submitted(box, pair)
  expect((await tell(box, ['reschedule'])).words).toContain('job 7 is still open')
  const range = await tell(box, ['reschedule', '--report', '--with-failed-jobs', '--since', `${open}~1`])
  expect(range.results.filter(({ message }) => message?.includes('would run'))).toHaveLength(1)
})

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, sandboxWithDataset, schedule, tell, type Submitted } from './support/scenario.ts'

let box: Sandbox
const jobs: Submitted[] = []
const commits: string[] = []

beforeAll(async () => {
  box = await sandboxWithDataset()
})
afterAll(async () => box.dispose())

// Three jobs of this machine, a commit apart from each other; each waits for nothing.
beforeEach(async () => {
  jobs.length = 0
  commits.length = 0
  for (const name of ['a', 'b', 'c']) {
    await addFiles(box, 'ds', { [`notes/${name}`]: `${Math.random()}\n` })
    commits.push(await box.git('ds', 'rev-parse', 'HEAD'))
    const job = await schedule(box, ['-o', name, 'sh', '-c', `date +%N >${name}`])
    await box.waybill(['logs', '-f', job.job], { cwd: 'ds' })
    jobs.push(job)
  }
  return async () => void (await tell(box, ['finish']))
})

const finishedBy = async (words: readonly string[]): Promise<readonly number[]> => {
  const told = await tell(box, ['finish', ...words])
  const saved = new Set(told.results.flatMap(({ action, job }) => (action === 'save' ? [job] : [])))
  return jobs.flatMap(({ job }, i) => (saved.has(job) ? [i] : []))
}

test('--since finishes the jobs that were submitted at that commit or after it', async () => {
  expect(await finishedBy(['--since', commits[1] ?? ''])).toEqual([1, 2])
  expect(await openJobs(box)).toEqual([jobs[0]?.job])
})

test('a commit instead of a job means the same, also as an abbreviation or a name', async () => {
  await box.git('ds', 'tag', '-f', 'second', commits[1] ?? '')
  expect(await finishedBy([(commits[2] ?? '').slice(0, 12)])).toEqual([2])
  expect(await finishedBy(['second'])).toEqual([1])
  expect(await finishedBy([jobs[0]?.job ?? ''])).toEqual([0])
})

test('with jobs named, --since says which of them it leaves alone', async () => {
  const told = await tell(box, [
    'finish',
    '--since',
    commits[2] ?? '',
    ...jobs.slice(1).map(({ job }) => job),
  ])
  expect(told.code).toBe(0)
  expect(told.words).toContain(`job ${jobs[1]?.job} was submitted before ${commits[2]}, and left alone`)
  expect(await openJobs(box)).toEqual([jobs[0]?.job, jobs[1]?.job])
})

test('of a branch beside, none was submitted after it', async () => {
  await box.git('ds', 'branch', '-f', 'beside', commits[0] ?? '')
  const tree = await box.git('ds', 'rev-parse', 'beside^{tree}')
  const other = await box.git('ds', 'commit-tree', '-m', 'elsewhere', '-p', 'beside', tree)
  for (const words of [['--since', other], [other]]) {
    const told = await tell(box, ['finish', ...words])
    expect(told).toMatchObject({ code: 0, words: `no open job was submitted at ${other} or after it\n` })
  }
  expect(await openJobs(box)).toEqual(jobs.map(({ job }) => job))
})

test('a commit that is gone is nobody’s ancestor, and the others are found all the same', async () => {
  await box.git('ds', 'commit', '-q', '--amend', '-m', 'amended', '--allow-empty')
  await box.git('ds', 'reflog', 'expire', '--expire=now', '--all')
  await box.git('ds', 'gc', '-q', '--prune=now')
  expect(await finishedBy(['--since', commits[1] ?? ''])).toEqual([1])
})

test('what is neither a job nor a commit is said', async () => {
  const told = await tell(box, ['finish', 'nonsense'])
  expect(told).toMatchObject({
    code: 1,
    words: expect.stringContaining('there is no job nonsense here') as string,
  })
  const since = await tell(box, ['finish', '--since', 'nonsense'])
  expect(since.code).toBe(1)
  expect(since.words).toContain('nonsense')
  // Digits are a job's, even where a commit's name begins with them.
  expect((await tell(box, ['finish', '99999999'])).words).toContain('there is no job 99999999 here')
})

import { expect, test } from 'vitest'
import { killEverywhere, type KillReport } from './support/kill-harness.ts'
import { allRecorded, threeEndedJobs, usersOwn } from './support/ended-jobs.ts'
import { status } from './support/scenario.ts'
import { everyPoint, recordsByJob, restore, sweepLimit } from './support/template.ts'

const finishWords = ['waybill', 'finish', '--json']
/** Had the sweep not killed it anywhere, it would have proved nothing. */
function killedOften(report: KillReport): void {
  const died = report.tried.filter((one) => one.died).length
  if (process.env['WAYBILL_KILL_EVERY'] !== undefined)
    process.stderr.write(`${report.tried.length} points of ${report.counted}, died at ${died}\n`)
  expect(died).toBeGreaterThan(report.tried.length / 4)
}

test(
  'finish killed at any call: the next one records each job once, and the user keeps what is theirs',
  { timeout: sweepLimit },
  async () => {
    const { box, ids } = await threeEndedJobs()
    await using _ = box
    const report = await killEverywhere(box, {
      points: 7,
      prepare: async () => restore(box),
      command: () => ({ words: finishWords, options: { cwd: 'ds' } }),
      check: async () => {
        await allRecorded(box, ids)
        expect(await status(box)).toBe(usersOwn)
      },
    })
    killedOften(report)
  },
)

test(
  'finish killed at any call, and the user commits before anything else: no recorded file is lost by it',
  { timeout: sweepLimit },
  async () => {
    const { box, ids } = await threeEndedJobs()
    await using _ = box
    let between = 0
    const report = await killEverywhere(box, {
      // In a spread the moment between the branch and the index would be missed: these few are all tried.
      ...(everyPoint ? {} : { calls: ['rename', 'link', 'unlink'], points: 10 }),
      prepare: async () => restore(box),
      command: () => ({ words: finishWords, options: { cwd: 'ds' } }),
      check: async () => {
        const before = await box.git('ds', 'rev-parse', 'HEAD')
        const records = await recordsByJob(box)
        const commit = await box.run(['git', 'commit', '-q', '-am', 'theirs'], {
          cwd: 'ds',
          allowFailure: true,
        })
        if (commit.code !== 0) {
          expect(commit.stderr).toContain('index.lock')
          if (Object.keys(records).length > 0) between += 1
        } else if (Object.keys(records).length > 0) {
          const touched = await box.git('ds', 'diff', '--name-only', before, 'HEAD')
          expect(touched.split('\n').toSorted()).toEqual(['added.txt', 'staged.txt', 'user.txt'])
        }
        await allRecorded(box, ids)
        if (commit.code === 0) {
          expect(await box.git('ds', 'log', '--format=%s', '--grep=^theirs$')).toBe('theirs')
          expect(await status(box)).toBe('?? loose.txt')
        } else expect(await status(box)).toBe(usersOwn)
      },
    })
    killedOften(report)
    expect(between, 'killed after the branch and before the index').toBeGreaterThan(0)
  },
)

test(
  'finish and all its children killed at any call: the next one records each job once',
  { timeout: sweepLimit },
  async () => {
    const { box, ids } = await threeEndedJobs()
    await using _ = box
    const report = await killEverywhere(box, {
      who: 'tree',
      points: 6,
      calls: [
        'write',
        'rename',
        'link',
        'unlink',
        'execve',
        'vfork',
        'mkdir',
        'fsync',
        'ftruncate',
        'pwrite64',
      ],
      prepare: async () => restore(box),
      command: () => ({ words: finishWords, options: { cwd: 'ds' } }),
      check: async () => {
        await allRecorded(box, ids)
        expect(await status(box)).toBe(usersOwn)
      },
    })
    expect(report.tried.length).toBeGreaterThan(5)
  },
)

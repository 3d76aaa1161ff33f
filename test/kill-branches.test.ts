import { expect, test } from 'vitest'
import { openInLedger } from './support/after-kill.ts'
import { allRecorded, threeEndedJobs, usersOwn } from './support/ended-jobs.ts'
import { killEverywhere, type KillReport } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import { openJobs, status, tell } from './support/scenario.ts'
import { everyPoint, recordsByJob, restore, sweepLimit, textAt, whole } from './support/template.ts'

function killedOften(report: KillReport): void {
  const died = report.tried.filter((one) => one.died).length
  if (everyPoint)
    process.stderr.write(`${report.tried.length} points of ${report.counted}, died at ${died}\n`)
  expect(died).toBeGreaterThan(report.tried.length / 4)
}

/** What the jobs have left in the work tree, as long as no branch holds it. */
async function inPlace(box: Sandbox): Promise<void> {
  for (const path of ['a/new.bin', 'b/c/x', 'b/y.bin', 'c/t-1/x', 'c/t-2/x']) {
    expect(box.exists(`ds/${path}`), `${path} is there`).toBe(true)
  }
  expect(textAt(box, 'a/plain.txt')).toBe('new\n')
  expect(box.exists('ds/a/gone.txt')).toBe(false)
}

/** What must hold after a `finish --branches` that died, and again when the next one has ended. */
async function allOnBranches(box: Sandbox, ids: readonly string[], head: string): Promise<'none' | 'some'> {
  // A command that only looks goes on with what it finds, and records nothing new.
  const looked = await tell(box, ['jobs'])
  expect(looked.code, looked.stdout + looked.stderr).toBe(0)
  const before = await recordsByJob(box, '--branches')
  const open = (await openInLedger(box)).map(({ scheduler_id }) => scheduler_id)
  expect(Object.keys(before).concat(open.map(String)).toSorted(), 'recorded or open').toEqual(ids.toSorted())
  if (open.length === ids.length) await inPlace(box)
  if (open.length === 0) expect(await status(box)).toBe(usersOwn)

  const again = await tell(box, ['finish', '--branches'])
  expect(again.code, again.stdout + again.stderr).toBe(0)
  expect(await recordsByJob(box, '--branches')).toEqual(Object.fromEntries(ids.map((id) => [id, 1])))
  expect(await openJobs(box)).toEqual([])
  for (const id of ids) expect(await box.git('ds', 'rev-parse', `slurm-job-branch-${id}^`)).toBe(head)
  expect(await box.git('ds', 'rev-parse', 'main')).toBe(head)
  expect(await status(box)).toBe(usersOwn)
  for (const path of ['b', 'c', 'a/new.bin']) expect(box.exists(`ds/${path}`, 'link'), path).toBe(false)
  expect(box.read('ds/a/gone.txt')).toBe('old\n')
  expect(textAt(box, 'a/big.bin')).toHaveLength(3000)
  await whole(box)
  // And the branches hold all of it.
  await box.git('ds', 'commit', '-q', '-m', 'theirs')
  for (const id of ids) await box.git('ds', 'merge', '-q', '--no-edit', `slurm-job-branch-${id}`)
  await inPlace(box)
  return open.length === ids.length ? 'none' : 'some'
}

test(
  'finish --branches killed at any call: each job is on its branch or open, once; nothing of it or the user is lost',
  { timeout: sweepLimit },
  async () => {
    const { box, ids } = await threeEndedJobs()
    await using _ = box
    const head = await box.git('ds', 'rev-parse', 'HEAD')
    const found = { none: 0, some: 0 }
    const report = await killEverywhere(box, {
      // The moments in which files go are few among all: these calls are theirs.
      ...(everyPoint
        ? {}
        : { calls: ['unlink', 'rename', 'rmdir', 'fsync', 'fdatasync', 'vfork', 'clone3'], points: 9 }),
      prepare: async () => restore(box),
      command: () => ({ words: ['waybill', 'finish', '--branches', '--json'], options: { cwd: 'ds' } }),
      check: async () => {
        found[await allOnBranches(box, ids, head)] += 1
      },
    })
    killedOften(report)
    expect(found.none, 'killed before the branches stood').toBeGreaterThan(0)
    expect(found.some, 'and after').toBeGreaterThan(0)
  },
)

test('killed while the files go, and the user deletes a branch: its job is not open again, without its files', async () => {
  const { box, ids } = await threeEndedJobs()
  await using _ = box
  const report = await killEverywhere(box, {
    calls: ['rmdir'],
    points: 1,
    prepare: async () => restore(box),
    command: () => ({ words: ['waybill', 'finish', '--branches', '--json'], options: { cwd: 'ds' } }),
    check: async () => {
      expect(box.exists('ds/b/c/x'), 'some are gone').toBe(false)
      await box.git('ds', 'branch', '-q', '-D', `slurm-job-branch-${ids[1]}`)
      expect(await openJobs(box)).toEqual([])
      expect(await status(box)).toBe(usersOwn)
      const shown = await tell(box, ['show', ids[1] ?? ''])
      expect(shown.stdout).toContain('b/c/x')
      await whole(box)
    },
  })
  expect(report.tried.map(({ died }) => died)).toEqual([true])
})

test(
  'finish --branches and all its children killed at any call: the same',
  { timeout: sweepLimit },
  async () => {
    const { box, ids } = await threeEndedJobs()
    await using _ = box
    const head = await box.git('ds', 'rev-parse', 'HEAD')
    const report = await killEverywhere(box, {
      who: 'tree',
      points: 8,
      calls: [
        'rename',
        'link',
        'unlink',
        'rmdir',
        'execve',
        'mkdir',
        'fsync',
        'ftruncate',
        'pwrite64',
        'symlink',
      ],
      prepare: async () => restore(box),
      command: () => ({ words: ['waybill', 'finish', '--branches', '--json'], options: { cwd: 'ds' } }),
      check: async () => {
        await allOnBranches(box, ids, head)
      },
    })
    expect(report.tried.length).toBeGreaterThan(5)
  },
)

test(
  'finish --octopus killed at any call: the next one records each job once',
  { timeout: sweepLimit },
  async () => {
    const { box, ids } = await threeEndedJobs()
    await using _ = box
    const report = await killEverywhere(box, {
      points: 8,
      prepare: async () => restore(box),
      command: () => ({ words: ['waybill', 'finish', '--octopus', '--json'], options: { cwd: 'ds' } }),
      check: async () => {
        await allRecorded(box, ids)
        expect(await status(box)).toBe(usersOwn)
      },
    })
    killedOften(report)
  },
)

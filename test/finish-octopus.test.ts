import { expect, test } from 'vitest'
import { localEnded, openInLedger } from './support/after-kill.ts'
import { allRecorded, threeEndedJobs, usersOwn } from './support/ended-jobs.ts'
import { finish, openJobs, sandboxWithDataset, scheduleToEnd, status, tell } from './support/scenario.ts'
import { recordsByJob, whole } from './support/template.ts'

const merging = 'Merge all branches from finished jobs'

test('each job has a commit of its own from where finish began, and one merge holds them all', async () => {
  const { box, ids } = await threeEndedJobs()
  await using _ = box
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const told = await finish(box, ['--octopus'])
  const saves = told.results.filter(({ action }) => action === 'save')
  // In the order in which they ended.
  expect(saves.map((one) => String(one.slurm_job_id)).toSorted()).toEqual(ids)
  expect(told.results.at(-1)).toMatchObject({ action: 'merge', status: 'ok', path: '.', type: 'dataset' })
  expect(told.results.at(-1)?.commit).toBe(await box.git('ds', 'rev-parse', 'HEAD'))
  const parents = (await box.git('ds', 'log', '-1', '--format=%P')).split(' ')
  expect(parents).toEqual([head, ...saves.map(({ commit }) => commit)])
  for (const { commit } of saves) expect(await box.git('ds', 'rev-parse', `${commit}^`)).toBe(head)
  expect(await box.git('ds', 'log', '-1', '--format=%B')).toBe(`${merging}\n`)
  expect(await box.git('ds', 'branch', '--format=%(refname:short)')).toBe('git-annex\nmain')
  expect(await box.git('ds', 'reflog', '-1', '--format=%gs')).toBe('waybill: record 3 jobs')
  expect(await status(box)).toBe(usersOwn)
  await allRecorded(box, ids)

  const shown = await tell(box, ['show', String(saves[1]?.slurm_job_id)])
  expect(shown.stdout).toContain(saves[1]?.commit ?? '?')
  const again = await tell(box, ['reschedule', '--report', '--since', head])
  expect(again.words).not.toContain('merge')
  expect(again.results.filter(({ status: one }) => one === 'ok').length, again.stdout).toBeGreaterThanOrEqual(
    3,
  )
})

test('one job alone is no merge: the branch goes on to its commit, as with git', async () => {
  await using box = await sandboxWithDataset()
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const { id } = await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'])
  const told = await finish(box, ['--octopus'])
  expect(told.results.map(({ action }) => action)).not.toContain('merge')
  expect(await box.git('ds', 'log', '-1', '--format=%P')).toBe(head)
  expect(await recordsByJob(box)).toEqual({ [id]: 1 })
})

test('the user commits while the records are written: they are made again, and merged upon what the user made', async () => {
  await using box = await sandboxWithDataset()
  for (const name of ['a', 'b']) await scheduleToEnd(box, ['-o', name, 'sbatch', 'job.sh', `echo 1 >${name}`])
  const hook = `#!/bin/sh
[ "$1" = committed ] || exit 0
while read -r _ new ref; do
  case $new$ref in
  0000*) ;;
  *refs/waybill/*)
    unset GIT_DIR GIT_INDEX_FILE
    [ -e ../once ] || { touch ../once; git commit -q --allow-empty -m theirs; } ;;
  esac
done`
  box.write('ds/.git/hooks/reference-transaction', hook, 0o755)
  await finish(box, ['--octopus'])
  expect(await box.git('ds', 'log', '--first-parent', '-2', '--format=%s')).toBe(`${merging}\ntheirs`)
  expect(await box.git('ds', 'log', '-1', '--format=%s', 'HEAD^2^')).toBe('theirs')
  expect(await status(box)).toBe('')
  await whole(box)
})

test(
  'more than 64 jobs: refused before anything is changed, and 64 of them can be merged',
  { timeout: 120_000 },
  async () => {
    await using box = await sandboxWithDataset()
    const script = 'for i in $(seq 1 65); do waybill schedule -o o$i sh -c "echo $i >o$i" || exit 1; done'
    await box.run(['sh', '-c', script], { cwd: 'ds', limitMs: 100_000 })
    const open = await openInLedger(box)
    await localEnded(box, open.at(-1)?.scheduler_id ?? '')
    const before = await status(box)
    const told = await tell(box, ['finish', '--octopus'])
    expect(told.code).toBe(1)
    expect(told.words).toMatch(/65 jobs .*more than 64.*at most 64 jobs at a time, or use --branches/)
    expect(await status(box)).toBe(before)
    expect(await openJobs(box)).toHaveLength(65)
    await finish(box, ['--octopus', ...open.slice(0, 64).map(({ id }) => `w${id}`)])
    expect((await box.git('ds', 'log', '-1', '--format=%P')).split(' ')).toHaveLength(65)
    expect(await openJobs(box)).toEqual(['w65'])
    await whole(box)
  },
)

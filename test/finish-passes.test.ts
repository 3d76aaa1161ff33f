import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { changesOf, openJobs, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'

/** Three jobs that declare so many outputs that no two are recorded at once; each makes two of its own. */
async function threeLarge(box: Sandbox, scheduler: 'local' | 'slurm' = 'local'): Promise<void> {
  const lines = ['a', 'b', 'c'].map((name) => ({
    command: [
      ...(scheduler === 'local' ? ['sh', '-c'] : ['sbatch', '-o', '/dev/null', '--wrap']),
      `mkdir -p ${name}; echo ${name} >${name}/0; echo ${name} >${name}/1199`,
    ],
    scheduler,
    outputs: Array.from({ length: 1200 }, (_, i) => `${name}/${i}`),
  }))
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  expect((await tell(box, ['schedule', '--batch', '-'], { input })).code).toBe(0)
  await expect
    .poll(async () => (await listed(box)).map(({ state }) => state), { timeout: 60_000 })
    .toEqual(['ended', 'ended', 'ended'])
}

async function listed(box: Sandbox): Promise<readonly { readonly state: string; readonly id: string }[]> {
  return (await tell(box, ['jobs'])).results as unknown as Awaited<ReturnType<typeof listed>>
}

async function moves(box: Sandbox): Promise<readonly string[]> {
  const reflog = await box.git('ds', 'reflog', '--format=%gs')
  return reflog.split('\n').filter((line) => line.startsWith('waybill: record'))
}

test('jobs of very many outputs are recorded one after the other by one finish, each with its own files', async () => {
  await using box = await sandboxWithDataset()
  await threeLarge(box)
  const told = await tell(box, ['finish'])
  expect(told.results.filter(({ action }) => action === 'save').map(({ status: how }) => how)).toEqual([
    'ok',
    'ok',
    'ok',
  ])
  expect(await moves(box)).toEqual(Array<string>(3).fill('waybill: record a job'))
  expect(await openJobs(box)).toEqual([])
  const recorded = [await changesOf(box), await changesOf(box, 'HEAD~1'), await changesOf(box, 'HEAD~2')]
  expect(recorded.map((files) => files.filter((line) => !line.includes('.waybill/'))).toSorted()).toEqual(
    ['a', 'b', 'c'].map((name) => [`A ${name}/0`, `A ${name}/1199`]),
  )
  expect((await recordOf(box)).record).toMatchObject({ exit: 0 })
  expect(await status(box)).toBe('')
})

test('where the dataset takes no commit any more, what is recorded stays, and the rest is for the next finish', async () => {
  await using box = await sandboxWithDataset()
  await threeLarge(box)
  const hook = join(box.path('ds'), '.git', 'hooks', 'reference-transaction')
  writeFileSync(
    hook,
    '#!/bin/sh\n[ "$1" != prepared ] || ! grep -q refs/heads/ || [ "$(git reflog | grep -c "waybill: record")" -lt 1 ]\n',
    { mode: 0o755 },
  )
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(await moves(box)).toHaveLength(1)
  const errors = told.results.filter(({ status: how }) => how === 'error')
  // One of the dataset, and one of each job that is left.
  expect(errors.map(({ action }) => action)).toEqual(['save', 'finish', 'finish'])
  expect(await openJobs(box)).toHaveLength(2)
  writeFileSync(hook, '#!/bin/sh\n')
  await tell(box, ['finish'])
  expect(await moves(box)).toHaveLength(3)
  expect(await openJobs(box)).toEqual([])
  expect(await status(box)).toBe('')
})

test('what is recorded after the first asks accounting anew, whatever it did not know then', async () => {
  await using box = await sandboxWithDataset()
  await threeLarge(box, 'slurm')
  for (const { id } of await listed(box)) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
  // It cannot be reached until the first is recorded.
  box.write(
    'late/sacct',
    `#!/bin/sh
if ! git reflog | grep -q 'waybill: record'; then
  echo "sacct: error: Problem talking to the database: Connection refused" >&2
  exit 1
fi
PATH=\${PATH#*:} exec sacct "$@"
`,
    0o755,
  )
  const PATH = `${box.path('late')}:${box.environment()['PATH']}`
  await tell(box, ['finish'], { env: { PATH } })
  expect(await moves(box)).toHaveLength(3)
  const known = await Promise.all(['HEAD~2', 'HEAD~1', 'HEAD'].map(async (rev) => recordOf(box, rev)))
  expect(known.map(({ record }) => record.waybill['accounting'])).toEqual(['pending', 'complete', 'complete'])
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import { changesOf, openJobs, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'

/** Three jobs that declare so many outputs that no two are recorded at once; each makes two of its own. */
async function threeLarge(box: Sandbox): Promise<void> {
  const lines = ['a', 'b', 'c'].map((name) => ({
    command: ['sh', '-c', `mkdir -p ${name}; echo ${name} >${name}/0; echo ${name} >${name}/1199`],
    scheduler: 'local',
    outputs: Array.from({ length: 1200 }, (_, i) => `${name}/${i}`),
  }))
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  expect((await tell(box, ['schedule', '--batch', '-'], { input })).code).toBe(0)
  await expect
    .poll(async () => (await listed(box)).map(({ state }) => state), { timeout: 60_000 })
    .toEqual(['ended', 'ended', 'ended'])
}

async function listed(box: Sandbox): Promise<readonly { readonly state: string }[]> {
  return (await tell(box, ['jobs'])).results as unknown as readonly { readonly state: string }[]
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

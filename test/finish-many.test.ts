import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { killEverywhere } from './support/kill-harness.ts'
import { noteCalls } from './support/note-calls.ts'
import type { Sandbox } from './support/sandbox.ts'
import { jobAccounted } from './support/job.ts'
import {
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'
import { keepTemplate, recordsByJob, restore, sweepLimit, whole } from './support/template.ts'

/**
 * Two jobs that declare so much that they are not looked at in one turn. Each makes two files, one of them for git-annex,
 * and each of its patterns names both.
 */
async function twoLarge(box: Sandbox): Promise<void> {
  const lines = ['a', 'b'].map((name) => ({
    command: ['sh', '-c', `mkdir -p ${name}; echo ${name} >${name}/x; head -c 3000 /dev/zero >${name}/y`],
    scheduler: 'local',
    outputs: Array.from({ length: 1001 }, (_, i) => `${name}/[x${i}y]`),
  }))
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  expect((await tell(box, ['schedule', '--batch', '-'], { input })).code).toBe(0)
  await expect
    .poll(async () => (await listed(box)).map(({ state }) => state), { timeout: 60_000 })
    .toEqual(['ended', 'ended'])
}

async function listed(box: Sandbox): Promise<readonly { readonly state: string }[]> {
  return (await tell(box, ['jobs'])).results as unknown as readonly { readonly state: string }[]
}

/** What the reflog says of our moves of the branch. */
async function moves(box: Sandbox): Promise<readonly string[]> {
  const reflog = await box.git('ds', 'reflog', '--format=%gs')
  return reflog.split('\n').filter((line) => line.startsWith('waybill: record'))
}

/** Each job has its record, with its own files. */
async function allRecorded(box: Sandbox): Promise<void> {
  expect(await openJobs(box)).toEqual([])
  expect(await recordsByJob(box)).toEqual({ w1: 1, w2: 1 })
  const recorded = [await changesOf(box), await changesOf(box, 'HEAD~1')]
  expect(recorded.map((files) => files.filter((line) => !line.includes('.waybill/'))).toSorted()).toEqual(
    ['a', 'b'].map((name) => [`A ${name}/x`, `A ${name}/y`]),
  )
  expect(await status(box)).toBe('')
}

test('jobs of very many outputs: one git-annex, one stream of commits, one move of the branch, a commit each', async () => {
  await using box = await sandboxWithDataset()
  await twoLarge(box)
  const git = noteCalls(box, 'git')
  const told = await tell(box, ['finish'], { env: { PATH: git.PATH } })
  expect(told.code, told.words).toBe(0)
  const saved = told.results.filter(({ action }) => action === 'save')
  expect(saved.map(({ status: how }) => how)).toEqual(['ok', 'ok'])
  for (const command of ['annex add', 'fast-import', 'update-ref -m'])
    expect(
      git.calls().filter((call) => call.includes(` ${command} `)),
      command,
    ).toHaveLength(1)
  expect(await moves(box)).toEqual(['waybill: record 2 jobs'])
  await allRecorded(box)
  expect((await recordOf(box)).record).toMatchObject({ exit: 0 })
})

test('where the dataset takes no commit, all jobs stay open, and the next finish records them', async () => {
  await using box = await sandboxWithDataset()
  await twoLarge(box)
  const hook = join(box.path('ds'), '.git', 'hooks', 'reference-transaction')
  writeFileSync(hook, '#!/bin/sh\n[ "$1" != prepared ] || ! grep -q refs/heads/\n', { mode: 0o755 })
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(await moves(box)).toEqual([])
  const errors = told.results.filter(({ status: how }) => how === 'error')
  // One of the dataset, and one of each job.
  expect(errors.map(({ action }) => action)).toEqual(['save', 'finish', 'finish'])
  expect(await openJobs(box)).toHaveLength(2)
  writeFileSync(hook, '#!/bin/sh\n')
  await tell(box, ['finish'])
  await allRecorded(box)
})

test(
  'killed anywhere: all jobs are recorded or none, and the next finish records each once',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await twoLarge(box)
    await keepTemplate(box)
    let none = 0
    const report = await killEverywhere(box, {
      // What is between the turns: programs are started, files made and taken away.
      calls: ['vfork', 'clone', 'clone3', 'rename', 'link', 'unlink'],
      points: 6,
      prepare: async () => restore(box),
      command: () => ({ words: ['waybill', 'finish', '--json'], options: { cwd: 'ds' } }),
      check: async () => {
        const before = Object.keys(await recordsByJob(box)).length
        expect([0, 2]).toContain(before)
        if (before === 0) none++
        const again = await tell(box, ['finish'])
        expect(again.code, again.words).toBe(0)
        expect(await moves(box)).toEqual(['waybill: record 2 jobs'])
        await allRecorded(box)
        await whole(box)
      },
    })
    expect(report.tried.filter(({ died }) => died).length).toBeGreaterThan(report.tried.length / 4)
    expect(none, 'killed before the branch moved').toBeGreaterThan(1)
  },
)

test('where storing takes longer than facts are waited for, accounting is asked once more before records are written', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await scheduleToEnd(box, ['-o', 'a', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >a'])
  await jobAccounted(box, id)
  const real = box.environment()['PATH']
  // Accounting cannot be reached until git-annex is done, and git-annex is slow.
  box.write(
    'late/sacct',
    `#!/bin/sh
[ -e '${box.path('stored')}' ] && PATH='${real}' exec sacct "$@"
echo "sacct: error: Problem talking to the database: Connection refused" >&2
exit 1
`,
    0o755,
  )
  box.write(
    'late/git',
    `#!/bin/sh
case "$*" in
  *' annex add '*) PATH='${real}' git "$@"; code=$?; sleep 1; touch '${box.path('stored')}'; exit $code ;;
esac
PATH='${real}' exec git "$@"
`,
    0o755,
  )
  const env = { PATH: `${box.path('late')}:${real}`, WAYBILL_FACTS_WAIT: '0.5' }
  await finish(box, [], { cwd: 'ds', env })
  expect((await recordOf(box)).record.waybill['accounting']).toBe('complete')
})

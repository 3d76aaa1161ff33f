import { expect, test } from 'vitest'
import { openInLedger } from './support/after-kill.ts'
import { killEverywhere } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, status, tell } from './support/scenario.ts'
import { atRest, recordsIn, sandboxWithSubdatasets } from './support/subdatasets.ts'
import { keepTemplate, restore, scheduleAllToEnd, sweepLimit, whole } from './support/template.ts'

const folders = ['ds', 'ds/sub', 'ds/sub/deep']
const finishWords = ['waybill', 'finish', '--json']

/** Two jobs that have ended: files of both in a subdataset, of one in a nested one and at the top; the user at work too. */
async function endedJobs(): Promise<Sandbox> {
  const box = await sandboxWithSubdatasets()
  await addFiles(box, 'ds/sub', { 'a/old.bin': Buffer.from([0, 1, 255]), 'user.txt': 'old\n' })
  await box.git('ds', 'commit', '-q', '-m', 'Point to sub', '--', 'sub')
  const quiet = ['sbatch', '-o', '/dev/null', 'job.sh']
  await scheduleAllToEnd(box, [
    [
      '-o',
      'sub/a',
      '-o',
      'sub/deep/x',
      '-o',
      'top',
      ...quiet,
      'echo 1 | tee sub/deep/x >top; echo 1 >>sub/a/old.bin',
    ],
    ['-o', 'sub/b', ...quiet, 'mkdir sub/b; echo 2 >sub/b/y'],
  ])
  box.write('ds/sub/user.txt', 'mine\n')
  await keepTemplate(box)
  return box
}

async function recordedEverywhere(box: Sandbox): Promise<void> {
  const again = await tell(box, ['finish'])
  expect(again.code, again.stdout + again.stderr).toBe(0)
  expect(await openInLedger(box)).toEqual([])
  expect(await recordsIn(box, folders)).toEqual({ ds: [1, 1], 'ds/sub': [1, 1], 'ds/sub/deep': [1] })
  const pointers = await box.git('ds', 'log', '-2', '--format=', '--name-only', '--', 'sub')
  expect(pointers).toBe('sub\nsub')
  expect(await status(box)).toBe(' M sub')
  expect(await status(box, 'ds/sub')).toBe(' M user.txt')
  await atRest(box, 'ds', 'sub')
  await atRest(box, 'ds/sub', 'deep')
  await whole(box)
}

test(
  'finish killed at any call: each job has one record in each dataset that it changed, and every pointer holds',
  { timeout: sweepLimit },
  async () => {
    await using box = await endedJobs()
    const report = await killEverywhere(box, {
      points: 9,
      prepare: async () => restore(box),
      command: () => ({ words: finishWords, options: { cwd: 'ds' } }),
      check: async () => recordedEverywhere(box),
    })
    if (process.env['WAYBILL_KILL_EVERY'] !== undefined)
      process.stderr.write(`${report.tried.length} points of ${report.counted}\n`)
    expect(report.tried.filter(({ died }) => died).length).toBeGreaterThan(report.tried.length / 4)
  },
)

test('finish and all its children killed at any call: the same', { timeout: sweepLimit }, async () => {
  await using box = await endedJobs()
  const report = await killEverywhere(box, {
    who: 'tree',
    points: 6,
    calls: ['rename', 'link', 'unlink', 'execve', 'fsync', 'pwrite64'],
    prepare: async () => restore(box),
    command: () => ({ words: finishWords, options: { cwd: 'ds' } }),
    check: async () => recordedEverywhere(box),
  })
  expect(report.tried.length).toBeGreaterThan(5)
})

test('two finishes at once: each job has one record in each dataset', async () => {
  await using box = await endedJobs()
  const told = await Promise.all([tell(box, ['finish']), tell(box, ['finish'])])
  for (const { code, words } of told) expect(code, words).toBe(0)
  await recordedEverywhere(box)
})

test('the user commits in the subdataset while records are written: nothing of either is lost', async () => {
  await using box = await endedJobs()
  const hook = `#!/bin/sh
[ "$1" = committed ] || exit 0
while read -r _ new ref; do
  case $new$ref in
  0000*) ;;
  *refs/waybill/*)
    [ "$(cat "$PWD/../made" 2>/dev/null | wc -l)" -lt 2 ] || exit 0
    unset GIT_DIR GIT_INDEX_FILE
    echo more >>user.txt
    git commit -q -m "theirs" -- user.txt && echo theirs >>../made
    ;;
  esac
done`
  box.write('ds/sub/.git/hooks/reference-transaction', hook, 0o755)
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect((await box.git('ds/sub', 'log', '--format=%s', '--grep=^theirs$')).split('\n')).toHaveLength(2)
  expect(await recordsIn(box, folders)).toEqual({ ds: [1, 1], 'ds/sub': [1, 1], 'ds/sub/deep': [1] })
  await atRest(box, 'ds', 'sub')
})

import { expect, test } from 'vitest'
import { openInLedger } from './support/after-kill.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, sandboxWithDataset, status, tell } from './support/scenario.ts'
import { recordsByJob, scheduleAllToEnd, whole } from './support/template.ts'

/** Jobs that have ended, each with a plain and an annexed file of its own. */
async function endedJobs(count: number): Promise<{ readonly box: Sandbox; readonly ids: readonly string[] }> {
  const box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'user.txt': 'old\n' })
  const make = (n: number): string => `mkdir o${n}; echo ${n} >o${n}/x; head -c 900 /dev/urandom >o${n}/y.bin`
  const ids = await scheduleAllToEnd(
    box,
    Array.from({ length: count }, (_, n) => ['-o', `o${n}`, 'sbatch', 'job.sh', make(n)]),
  )
  return { box, ids }
}

const once = (ids: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(ids.map((id) => [id, 1]))

test.each([2, 8])(
  '%i finishes at once: each job is recorded once, and those who waited say so',
  async (count) => {
    const { box, ids } = await endedJobs(3)
    await using _ = box
    const told = await Promise.all(Array.from({ length: count }, async () => tell(box, ['finish'])))
    for (const { code, words } of told) expect(code, words).toBe(0)
    expect(await recordsByJob(box)).toEqual(once(ids))
    const saves = told.map(({ results }) =>
      results.filter(({ action, status }) => action === 'save' && status === 'ok'),
    )
    expect(saves.map(({ length }) => length).toSorted()).toEqual([
      ...Array.from({ length: count - 1 }, () => 0),
      3,
    ])
    for (const { words, results } of told) {
      const own = results.some(({ action, status }) => action === 'save' && status === 'ok')
      // One that came after the others had ended finds nothing open; one that waited names each commit.
      if (!own) expect(words).toMatch(/recorded .*[0-9a-f]{7}|no open jobs/)
    }
    expect(await status(box)).toBe('')
    await whole(box)
  },
)

/** A hook of git's that commits for the user at the worst moment: the records are written, the branch not yet moved. */
function commitMeanwhile(box: Sandbox, times: number): void {
  const hook = `#!/bin/sh
[ "$1" = committed ] || exit 0
while read -r _ new ref; do
  case $new$ref in
  0000*) ;;
  *refs/waybill/*)
    [ "$(cat "$PWD/../made" 2>/dev/null | wc -l)" -lt ${times} ] || exit 0
    unset GIT_DIR GIT_INDEX_FILE
    echo more >>user.txt
    git commit -q -m "theirs" -- user.txt && echo theirs >>../made
    ;;
  esac
done`
  box.write('ds/.git/hooks/reference-transaction', hook, 0o755)
}

test('the user commits while records are written: they are written again, on top of what the user made', async () => {
  const { box, ids } = await endedJobs(2)
  await using _ = box
  commitMeanwhile(box, 3)
  const told = await tell(box, ['finish'])
  expect(told.code, told.words).toBe(0)
  const subjects = (await box.git('ds', 'log', '-5', '--format=%s')).split('\n')
  expect(subjects.slice(0, 2).every((subject) => subject.startsWith('[DATALAD SLURM RUN]'))).toBe(true)
  expect(subjects.slice(2)).toEqual(['theirs', 'theirs', 'theirs'])
  expect(await recordsByJob(box)).toEqual(once(ids))
  expect(await status(box)).toBe('')
  await whole(box)
})

test('the branch never stands still: finish says so, writes over nobody, and works later', async () => {
  const { box, ids } = await endedJobs(1)
  await using _ = box
  commitMeanwhile(box, 100)
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('the branch kept moving')
  expect(await recordsByJob(box)).toEqual({})
  const theirs = await box.git('ds', 'rev-list', '--count', '--grep=^theirs$', 'HEAD')
  expect(Number(theirs)).toBe(box.read('made').trim().split('\n').length)
  await box.run(['rm', 'ds/.git/hooks/reference-transaction'])
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect(await recordsByJob(box)).toEqual(once(ids))
  await whole(box)
})

test('finish while the user commits in a loop: no record and no commit of anybody is lost', async () => {
  const { box, ids } = await endedJobs(2)
  await using _ = box
  const loop = `
    for i in $(seq 1 500); do
      [ ! -e ../stop ] || exit 0
      echo "$i" >>user.txt
      # Who is refused because the other holds a lock tries again, as a person would.
      git commit -q -m "theirs $i" -- user.txt 2>../error && echo "theirs $i" >>../made && continue
      grep -Eq "index.lock|cannot lock ref|unable to write" ../error || { cat ../error; exit 1; }
    done`
  const user = box.run(['sh', '-c', loop], { cwd: 'ds', allowFailure: true })
  const told = await tell(box, ['finish'])
  if (told.code !== 0) expect(told.words).toMatch(/the branch kept moving|index\.lock/)
  box.write('stop', '')
  const ran = await user
  expect(ran.code, ran.stdout).toBe(0)
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect(await recordsByJob(box)).toEqual(once(ids))
  const made = box.read('made').trim().split('\n')
  const held = (await box.git('ds', 'log', '--format=%s', '--grep=^theirs')).split('\n').toReversed()
  expect(held).toEqual(made)
  // Nobody merged, and none of their commits takes a recorded file away.
  expect(await box.git('ds', 'rev-list', '--count', '--min-parents=2', 'HEAD')).toBe('0')
  const theirs = await box.git('ds', 'log', '--format=', '--name-only', '--grep=^theirs', 'HEAD')
  expect(new Set(theirs.split('\n').filter((line) => line !== ''))).toEqual(new Set(['user.txt']))
  expect(await status(box)).toMatch(/^( ?M user.txt)?$/)
  await whole(box)
})

test('another branch checked out while finish runs: a clear refusal, or the right branch; never the other', async () => {
  const { box, ids } = await endedJobs(1)
  await using _ = box
  await box.git('ds', 'branch', 'side')
  const side = await box.git('ds', 'rev-parse', 'side')
  const flip = 'while [ ! -e ../stop ]; do git checkout -q side; git checkout -q main; done 2>/dev/null; :'
  const user = box.run(['sh', '-c', flip], { cwd: 'ds' })
  const told = await tell(box, ['finish'])
  box.write('stop', '')
  await user
  await box.run(['git', 'checkout', '-q', 'main'], { cwd: 'ds' })
  expect(await box.git('ds', 'rev-parse', 'side')).toBe(side)
  const recorded = await recordsByJob(box, 'main')
  if (told.code === 0) expect(recorded).toEqual(once(ids))
  else {
    expect(recorded).toEqual({})
    expect(told.words).toMatch(/checked out|kept moving|index.lock/)
    expect((await tell(box, ['finish'])).code).toBe(0)
    expect(await recordsByJob(box, 'main')).toEqual(once(ids))
  }
  expect(await status(box)).toBe('')
  await whole(box)
})

test('a foreign index.lock that stays: finish names it, changes nothing, and works when it is gone', async () => {
  const { box, ids } = await endedJobs(1)
  await using _ = box
  const [head, before] = [await box.git('ds', 'rev-parse', 'HEAD'), await status(box)]
  box.write('ds/.git/index.lock', '')
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(box.path('ds/.git/index.lock'))
  expect(box.exists('ds/.git/index.lock')).toBe(true)
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  expect(await openInLedger(box)).toHaveLength(1)
  await box.run(['rm', 'ds/.git/index.lock'])
  // What the job made is where it was; beside it stands what Slurm said of the job.
  const names = (text: string): readonly string[] => text.split('\n').map((line) => line.slice(3))
  expect(names(await status(box))).toEqual(expect.arrayContaining([...names(before)]))
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect(await recordsByJob(box)).toEqual(once(ids))
  await whole(box)
})

test('a foreign index.lock that goes away: finish waits for it', async () => {
  const { box, ids } = await endedJobs(1)
  await using _ = box
  box.write('ds/.git/index.lock', '')
  const told = tell(box, ['finish'])
  const waits = 'until ls .git/waybill-*.lock 2>/dev/null; do :; done; rm .git/index.lock'
  await Promise.all([told, box.run(['sh', '-c', waits], { cwd: 'ds' })])
  expect((await told).code).toBe(0)
  expect(await recordsByJob(box)).toEqual(once(ids))
  await whole(box)
})

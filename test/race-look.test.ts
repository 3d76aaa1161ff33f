import { expect, test } from 'vitest'
import { makeGate, type Gate } from './support/gate.ts'
import type { Sandbox } from './support/sandbox.ts'
import { finish, openJobs, sandboxWithDataset, schedule, scheduleToEnd, tell } from './support/scenario.ts'

/** A PATH on which one of Slurm's commands answers truly, but not before the gate opens. */
function slowed(box: Sandbox, program: string): { readonly path: string; readonly gate: Gate } {
  const gate = makeGate(box)
  box.write(
    `slow/${program}`,
    `#!/bin/sh\nout=$(/usr/bin/${program} "$@")\n${gate.line}\nprintf '%s\\n' "$out"\n`,
    0o755,
  )
  return { path: `${box.path('slow')}:${box.environment('user')['PATH'] ?? ''}`, gate }
}

async function records(box: Sandbox): Promise<number> {
  return (await box.git('ds', 'log', '--format=%s', '--grep=DATALAD SLURM RUN')).split('\n').filter(Boolean)
    .length
}

test('a look that began before a job was recorded does not bring it back', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'])
  const { path, gate } = slowed(box, 'squeue')
  const looking = tell(box, ['jobs'], { env: { PATH: path } })
  await gate.reached()
  await finish(box)
  await gate.open()
  expect((await looking).code).toBe(0)
  expect(await openJobs(box)).toEqual([])
  await finish(box)
  expect(await records(box)).toBe(1)
})

test('close waits for a finish that is under way, and then has nothing to give up', async () => {
  await using box = await sandboxWithDataset()
  const { job } = await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'])
  const { path, gate } = slowed(box, 'sacct')
  const finishing = tell(box, ['finish'], { env: { PATH: path } })
  await gate.reached()
  const closing = tell(box, ['close', job])
  await gate.open()
  expect((await finishing).code).toBe(0)
  expect((await closing).words).toContain('already recorded')
  expect(await records(box)).toBe(1)
})

test('a job follows its repository when that is moved', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'])
  await box.run(['mv', 'ds', 'elsewhere'])
  await finish(box, [], 'elsewhere')
  expect(await box.git('elsewhere', 'show', '--name-only', '--format=')).toContain('a')
})

test('a job of a worktree that was removed can be given up from another', async () => {
  await using box = await sandboxWithDataset()
  await box.git('ds', 'worktree', 'add', '-q', '-b', 'side', '../side')
  const { job } = await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'], { cwd: 'side' })
  const other = await tell(box, ['finish'])
  expect([other.code, other.words]).toEqual([0, expect.stringContaining('side')])
  await box.run(['rm', '-rf', 'side'])
  expect((await tell(box, ['close', job])).code).toBe(0)
  expect(await openJobs(box)).toEqual([])
})

test.each([
  ['the words of the user stand before the script', ['--dependency', 'afterany:1', 'job.sh', 'echo 1 >b']],
  ['an argument of the script looks like the option', ['job.sh', 'echo 1 >b', '--dependency=mine']],
  ['the wrapped command looks like it', ['--wrap', ': --dependency=x']],
])('--after waits for the job when %s', async (_what, words) => {
  await using box = await sandboxWithDataset()
  const first = await schedule(box, ['-o', 'a', 'sbatch', '--hold', 'job.sh', 'true'])
  const second = await schedule(box, ['--after', first.job, '-o', 'b', 'sbatch', ...words])
  const shown = (await box.run(['scontrol', 'show', 'job', String(second.id)])).stdout
  expect(/Dependency=(\S+)/.exec(shown)?.[1]).toContain(`afterok:${first.id}`)
  await box.run(['scancel', String(first.id), String(second.id)])
})

test('--after a job that failed is refused, and one that completed needs no waiting', async () => {
  await using box = await sandboxWithDataset()
  const bad = await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'exit 1'])
  const refused = await tell(box, ['schedule', '--after', bad.job, '-o', 'b', 'sbatch', 'job.sh', 'true'])
  expect([refused.code, refused.words]).toEqual([1, expect.stringContaining('did not complete')])
  const good = await scheduleToEnd(box, ['-o', 'c', 'sbatch', 'job.sh', 'true'])
  await scheduleToEnd(box, ['--after', good.job, '-o', 'd', 'sbatch', 'job.sh', 'echo 1 >d'])
})

test('a lost submission can be named by a person', async () => {
  await using box = await sandboxWithDataset()
  box.write(
    'slow/sbatch',
    // Without our comment, which comes first: accounting keeps the whole line.
    '#!/bin/sh\nshift; /usr/bin/sbatch "$@" --comment=lost >../id\necho "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1\n',
    0o755,
  )
  const hidden = { PATH: `${box.path('slow')}:${box.environment('user')['PATH'] ?? ''}` }
  const words = ['schedule', '-o', 'a', 'sbatch', '--parsable', '--wrap', 'echo 1 >a']
  expect((await tell(box, words, { env: hidden })).words).toContain('not known whether')
  const id = box.read('id').trim()
  expect((await tell(box, ['adopt', 'w1', '999999'])).words).toContain('shows no job 999999')
  expect((await tell(box, ['adopt', 'w1', id])).code).toBe(0)
  await box.run(['sh', '-c', `while squeue -h -j ${id} -t PD,R,CG -o %i 2>/dev/null | grep -q .; do :; done`])
  await finish(box)
  expect(await records(box)).toBe(1)
})

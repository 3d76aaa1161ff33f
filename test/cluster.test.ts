import { expect, test } from 'vitest'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded, jobIs, jobStates, submit } from './support/job.ts'
import { killEverywhere, pointsOf, spread } from './support/kill-harness.ts'
import { Sandbox } from './support/sandbox.ts'
import { accountOf } from './support/users.ts'

test('an ordinary user submits, and queue and accounting see the end', async () => {
  await using box = await Sandbox.create()
  const id = await submit(box, ['-o', 'log', '--wrap', 'id -un'])
  expect(await jobEnded(box, id)).toEqual(['COMPLETED'])
  expect(await jobAccounted(box, id)).toEqual(['COMPLETED'])
  expect(box.read('log').trim()).toBe(accountOf('user').name)
})

test('a job stands at a gate until the test opens it', async () => {
  await using box = await Sandbox.create()
  const gate = makeGate(box)
  box.write('job.sh', `#!/bin/sh\n${gate.line}\n${gate.line}\nexit 3\n`)
  const id = await submit(box, ['job.sh'])
  await gate.reached()
  expect(await jobStates(box, id)).toEqual(['RUNNING'])
  await gate.open()
  expect(await jobEnded(box, id)).toEqual(['FAILED'])
})

test('jobs ask for the counted GPUs and for two parts', async () => {
  await using box = await Sandbox.create()
  const gpu = await submit(box, ['--gres=gpu:2', '-o', '/dev/null', '--wrap', 'true'])
  const pair = await submit(box, ['-n1', '-o', '/dev/null', ':', '-n2', '--wrap', 'true'])
  expect(await jobEnded(box, gpu)).toEqual(['COMPLETED'])
  expect(await jobEnded(box, pair)).toEqual(['COMPLETED', 'COMPLETED'])
})

test('a killed controller comes back with its jobs, a frozen one times out', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await Sandbox.create({ env: cluster.env })
  const gate = makeGate(box)
  const id = await submit(box, ['--wrap', gate.line])
  await gate.reached()
  await cluster.saved()
  cluster.kill('slurmctld')
  expect((await box.run(['squeue'], { allowFailure: true })).code).toBe(1)
  cluster.restart('slurmctld')
  expect(await jobStates(box, id)).toEqual(['RUNNING'])
  await gate.open()
  expect(await jobEnded(box, id)).toEqual(['COMPLETED'])
  cluster.freeze('slurmctld')
  const name = `late-${process.pid}`
  const refused = await box.run(['sbatch', '-J', name, '-o', '/dev/null', '--wrap', 'true'], {
    allowFailure: true,
  })
  expect(refused.stderr).toContain('Socket timed out')
  cluster.thaw('slurmctld')
  expect((await box.run(['squeue', '-h', '-t', 'all', '-o', '%A'])).stdout.split('\n')).toContain(
    String(id + 1),
  )
})

test('accounting that is gone is an error, and comes back', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await Sandbox.create({ env: cluster.env })
  cluster.kill('slurmdbd')
  expect((await box.run(['sacct'], { allowFailure: true })).code).toBe(1)
  cluster.heal()
  expect((await box.run(['sacct', '-n'])).code).toBe(0)
})

test('without accounting the queue alone tells', async () => {
  await using cluster = await takeCluster('no-accounting')
  await using box = await Sandbox.create({ env: cluster.env })
  const id = await submit(box, ['-o', '/dev/null', '--wrap', 'true'])
  expect(await jobEnded(box, id)).toEqual(['COMPLETED'])
  expect((await box.run(['sacct'], { allowFailure: true })).stderr).toContain(
    'accounting storage is disabled',
  )
})

test('a short memory forgets a job, and accounting keeps it', async () => {
  await using cluster = await takeCluster('short-memory')
  await using box = await Sandbox.create({ env: cluster.env })
  const id = await submit(box, ['-o', '/dev/null', '--wrap', 'true'])
  await jobAccounted(box, id)
  await expect
    .poll(
      async () => (await box.run(['scontrol', 'show', 'job', String(id)], { allowFailure: true })).stderr,
      {
        timeout: 40_000,
      },
    )
    .toContain('Invalid job id')
  expect(await jobAccounted(box, id)).toEqual(['COMPLETED'])
})

test('limits refuse with the words of real sites', async () => {
  await using cluster = await takeCluster('limits')
  await using box = await Sandbox.create({ env: cluster.env })
  const refusal = async (...args: readonly string[]): Promise<string> => {
    const command = ['sbatch', '--hold', '-o', '/dev/null', ...args, '--wrap', 'true']
    return (await box.run(command, { allowFailure: true })).stderr
  }
  expect(await refusal('--array=0-20', '--account=open')).toBe('')
  expect(await refusal('--array=0-21')).toContain('Invalid job array specification')
  expect(await refusal('--array=0-10')).toContain('AssocMaxSubmitJobLimit')
  expect(await refusal('--array=0-3', '--qos=narrow')).toContain('QOSMaxSubmitJobPerUserLimit')
  expect(await refusal('--partition=brief', '--time=11')).toContain('Requested time limit is invalid')
  await box.run(['scancel', '--me'])
})

test('out of memory for real', async () => {
  await using cluster = await takeCluster('preempt')
  await using box = await Sandbox.create({ env: cluster.env })
  // A variable that takes twice as much as the 64 MB of the job.
  const eat = 'head -c 128000000 /dev/zero | tail >/dev/null; echo went on'
  const id = await submit(box, ['--mem=64', '-o', 'log', '--wrap', eat])
  expect(await jobEnded(box, id)).toEqual(['OUT_OF_MEMORY'])
  expect(await jobAccounted(box, id)).toEqual(['OUT_OF_MEMORY'])
})

test('an urgent job takes the node: one job is requeued and runs again, another is cancelled', async () => {
  await using cluster = await takeCluster('preempt')
  await using box = await Sandbox.create({ env: cluster.env })
  const first = makeGate(box, 'first')
  const third = makeGate(box, 'third')
  const node = ['--exclusive', '-o', '/dev/null']
  const requeued = await submit(box, [...node, '-w', 'n1', '-p', 'work', '--wrap', first.line])
  const cancelled = await submit(box, [...node, '-w', 'n2', '-p', 'scrap', '--wrap', 'sleep inf'])
  await first.reached()
  await jobIs(box, cancelled, 'RUNNING')
  const urgent = await submit(box, [...node, '-N2', '-w', 'n1,n2', '-p', 'urgent', '--wrap', third.line])
  expect(await jobEnded(box, cancelled)).toEqual(['PREEMPTED'])
  await third.reached()
  expect(await jobStates(box, requeued)).toEqual(['PENDING'])
  await third.open()
  expect(await jobEnded(box, urgent)).toEqual(['COMPLETED'])
  await first.open()
  expect(await jobEnded(box, requeued)).toEqual(['COMPLETED'])
  const shown = (await box.run(['scontrol', 'show', 'job', String(requeued)])).stdout
  expect(shown).toContain('Restarts=1')
})

test('a second cluster is reached through the accounting of the first', async () => {
  await using cluster = await takeCluster('second')
  await using box = await Sandbox.create()
  const answer = (
    await box.run(['sbatch', '--parsable', '-M', 'second', '-o', '/dev/null', '--wrap', 'true'])
  ).stdout
  expect(answer).toMatch(/^\d+;second\n$/)
  const id = Number(answer.split(';')[0])
  await using other = await Sandbox.create({ env: cluster.env })
  expect(await jobEnded(other, id)).toEqual(['COMPLETED'])
  const seen = await box.run(['squeue', '-M', 'second', '-t', 'all', '-j', String(id), '-h', '-o', '%A'])
  expect(seen.stdout).toContain(String(id))
})

test('the kill harness kills the main thread before each of its calls', async () => {
  await using box = await Sandbox.create()
  let attempts = 0
  const report = await killEverywhere(box, {
    calls: ['mkdir', 'write'],
    points: 100,
    prepare: async () => {
      attempts += 1
      await box.run(['mkdir', `state-${attempts}`])
      return `state-${attempts}`
    },
    command: (state) => ({
      words: ['sh', '-c', 'echo a >1; mkdir d; echo b >2; echo c >3'],
      options: { cwd: state },
    }),
    check: async (state, point) => {
      const made = (await box.run(['sh', '-c', 'cat [123]; ls -d d'], { cwd: state, allowFailure: true }))
        .stdout
      const expected: Record<string, string> = { 'write 1': '', 'write 2': 'a\nd\n', 'write 3': 'a\nb\nd\n' }
      if (point.call === 'write') expect(made).toBe(expected[`write ${point.nth}`])
    },
  })
  expect(report.counted).toBe(3)
  expect(report.tried.every(({ died }) => died)).toBe(true)
})

test('kill points are counted for each process, and spread evenly', () => {
  const log =
    '10  execve("x") = 0\n10  write(1) = 1\n11  write(1) = 1\n10  write(1) = 1\n11  rename("a") = 0\n'
  expect(pointsOf(log)).toEqual([
    { call: 'write', nth: 1 },
    { call: 'write', nth: 2 },
    { call: 'rename', nth: 1 },
  ])
  expect(spread([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7])
})

test('datasets are made as DataLad makes them, and text goes to git', async () => {
  await using box = await Sandbox.create()
  const path = await box.dataset('ds')
  box.write('ds/text.txt', 'words\n')
  box.write('ds/data.bin', Buffer.from([0, 1, 2, 255, 0]))
  await box.run(['git', 'annex', 'add', '-q', '.'], { cwd: path })
  await box.git('ds', 'commit', '-q', '-m', 'Add')
  expect(await box.git('ds', 'annex', 'find')).toBe('data.bin')
  expect(await box.git('ds', 'status', '--porcelain')).toBe('')
  const made = await box.dataset('by-datalad', { datalad: 'new' })
  const rules = await box.run(['cmp', `${made}/.gitattributes`, `${path}/.gitattributes`], {
    allowFailure: true,
  })
  expect(rules.stdout).toBe('')
})

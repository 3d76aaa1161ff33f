import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { takeCluster } from './support/cluster.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  openJobs,
  sandboxWithDataset,
  status,
  tell,
  type Told,
} from './support/scenario.ts'
import { openInLedger } from './support/after-kill.ts'

/** Held jobs of an account that may have ten in the queue, and of a QOS that allows three. */
function jobs(count: number, options: readonly string[]): string {
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      command: ['sbatch', '-o', '/dev/null', ...options, 'job.sh', `echo ${i} >out-${i}`],
      outputs: [`out-${i}`],
    }),
  ).join('\n')
}

async function batch(box: Sandbox, text: string): Promise<Told> {
  return tell(box, ['schedule', '--batch', '-'], { input: `${text}\n` })
}

interface Listed {
  readonly state: string
  readonly id: string | null
  readonly held?: { readonly kind: string; readonly limit?: string; readonly path?: string }
}

async function listed(box: Sandbox): Promise<readonly Listed[]> {
  const told = await tell(box, ['jobs'])
  return told.results.filter((one) => 'state' in one) as unknown as readonly Listed[]
}

async function queue(box: Sandbox): Promise<readonly string[]> {
  const { stdout } = await box.run(['squeue', '-h', '-r', '--me', '-o', '%A'])
  return stdout.split('\n').filter((line) => line !== '')
}

/** Looks again and again until the jobs are as they are to be. */
async function looked(box: Sandbox, wanted: (jobs: readonly Listed[]) => boolean): Promise<void> {
  const end = performance.now() + 60_000
  for (;;) {
    const jobs = await listed(box)
    if (wanted(jobs)) return
    if (performance.now() > end) throw new Error(`not so: ${JSON.stringify(jobs)}`)
  }
}

const noneHeld = (jobs: readonly Listed[]): boolean => jobs.every(({ held }) => held === undefined)

test('what a limit has no room for waits here, is shown with its reason, and is submitted by later looks', async () => {
  await using cluster = await takeCluster('limits')
  await using box = await sandboxWithDataset({ env: cluster.env })
  // Another job of the user's counts, too.
  await box.run(['sbatch', '--hold', '-A', 'capped', '-o', '/dev/null', '--wrap', 'true'])
  const told = await batch(box, jobs(13, ['-A', 'capped', '--hold']))
  expect(told.code, told.words).toBe(0)
  expect(told.results.filter(({ message }) => message?.includes('held: the limit'))).toHaveLength(4)
  expect(told.words).toContain('the limit MaxSubmitJobs 10 of account capped is used up')
  expect(await queue(box)).toHaveLength(10)
  const first = await listed(box)
  expect(first.map(({ state }) => state)).toEqual([...Array(9).fill('pending'), ...Array(4).fill('held')])
  expect(first[9]?.held).toMatchObject({ limit: 'MaxSubmitJobs', of: 'account capped', most: 10 })
  const table = await box.waybill(['jobs'], { cwd: 'ds' })
  expect(table.stdout).toContain('HELD (MaxSubmitJobs 10 of account capped)')
  // Its outputs are reserved although Slurm has never heard of it.
  const other = await tell(box, ['schedule', '-o', 'out-12', 'sbatch', 'job.sh', 'true'])
  expect(other.words).toContain('conflicts with out-12')
  // None is submitted while there is no room, however often one looks.
  expect((await listed(box)).filter(({ held }) => held !== undefined)).toHaveLength(4)
  const still = await tell(box, ['finish'])
  expect(still.results.filter(({ message }) => message?.includes('held: the limit'))).toHaveLength(4)

  await box.run(['sh', '-c', 'scontrol release $(squeue -h --me -o %A | paste -sd,)'])
  for (const id of await queue(box)) await jobEnded(box, id)
  await looked(box, noneHeld)
  for (const { scheduler_id: id } of await openInLedger(box)) {
    await box.run(['scontrol', 'release', String(id)], { allowFailure: true })
    await jobEnded(box, String(id))
    await jobAccounted(box, String(id))
  }
  await finish(box)
  expect(await openJobs(box)).toEqual([])
  expect((await box.git('ds', 'log', '--format=%s')).match(/Completed/g)).toHaveLength(13)
  expect(box.read('ds/out-12')).toBe('12\n')
  expect(await status(box)).toBe('')
}, 240_000)

test('an array counts by its tasks; one that never fits is refused, with the limit', async () => {
  await using cluster = await takeCluster('limits')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const line = (name: string, ...options: readonly string[]): string =>
    JSON.stringify({
      command: ['sbatch', '--hold', '-o', '/dev/null', ...options, 'job.sh', 'true'],
      outputs: [name],
    })
  const told = await batch(
    box,
    [
      line('a', '-A', 'open', '-q', 'narrow', '--array=0-1'),
      line('b', '-A', 'open', '-q', 'narrow', '--array=0-1'),
      line('c', '-A', 'open', '-q', 'narrow'),
      line('d', '-A', 'open', '-q', 'narrow', '--array=0-3'),
      line('e', '-A', 'open', '--array=0-21'),
      line('f', '-A', 'capped', '--array=0-10'),
      line('g', '-A', 'open'),
    ].join('\n'),
  )
  const words = (n: number): string =>
    told.results.find((one) => (one as { line?: number }).line === n)?.message ?? ''
  expect(words(1)).not.toContain('held')
  expect(words(2)).toContain('MaxSubmitJobsPerUser 3 of QOS narrow is used up')
  // First come, first served: the small one behind does not overtake.
  expect(words(3)).toContain('held')
  expect(words(4)).toContain('4 tasks can never be queued')
  expect(words(5)).toContain('no array index above 20 (MaxArraySize)')
  expect(words(6)).toContain('11 tasks can never be queued')
  expect(words(7)).not.toContain('held')
  expect(told.code).toBe(1)
  // What is refused leaves its outputs free.
  const again = await batch(box, line('e', '-A', 'open'))
  expect(again.code, again.words).toBe(0)
  await box.run(['scancel', '--me'])
})

test('a limit that only a refusal tells holds back, too', async () => {
  await using cluster = await takeCluster('limits')
  await using box = await sandboxWithDataset({ env: cluster.env })
  // Accounting says nothing of limits.
  await box.run(['sh', '-c', 'mkdir bin; printf "#!/bin/sh\nexit 1\n" >bin/sacctmgr; chmod +x bin/sacctmgr'])
  const env = { PATH: `${box.path('bin')}:${box.environment()['PATH'] ?? ''}` }
  const input = `${jobs(12, ['-A', 'capped', '--hold'])}\n`
  const told = await tell(box, ['schedule', '--batch', '-'], { input, env })
  expect(told.code, told.words).toBe(0)
  expect(told.words).toContain('AssocMaxSubmitJobLimit of account capped is used up')
  expect(await queue(box)).toHaveLength(10)
  expect((await listed(box)).filter(({ held }) => held !== undefined)).toHaveLength(2)
  await box.run(['scancel', '--me'])
})

test('a held job whose script or input has changed, or is gone, is not submitted, and says so; it can be given up', async () => {
  await using cluster = await takeCluster('limits')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const other = '#!/bin/sh\necho other\n'
  await addFiles(box, 'ds', { 'in.txt': 'in\n', 'other.sh': other })
  const filler = await box.run([
    'sbatch',
    '--parsable',
    '--hold',
    '-A',
    'open',
    '-q',
    'narrow',
    '--array=0-2',
    '-o',
    '/dev/null',
    '--wrap',
    'true',
  ])
  const options = ['-o', '/dev/null', '-A', 'open', '-q', 'narrow']
  const told = await batch(
    box,
    [
      { command: ['sbatch', ...options, 'job.sh', 'true'], outputs: ['a'], inputs: ['in.txt'] },
      { command: ['sbatch', ...options, 'job.sh', 'echo 1 >b'], outputs: ['b'] },
      { command: ['sbatch', ...options, 'other.sh'], outputs: ['c'] },
      { command: ['sbatch', ...options, 'job.sh', 'true'], outputs: ['d'] },
    ]
      .map((one) => JSON.stringify(one))
      .join('\n'),
  )
  expect(told.code, told.words).toBe(0)
  const names = told.results.flatMap(({ job }) => job ?? [])
  expect(names).toHaveLength(4)
  const given = await tell(box, ['cancel', names[3] ?? ''])
  expect(given.words).toContain('not submitted yet')
  expect(await openJobs(box)).toEqual(names.slice(0, 3))
  // The environment is for this user's eyes alone.
  const modes = await box.run(['sh', '-c', 'stat -c %a .git/waybill/jobs/*/environment.json'], { cwd: 'ds' })
  expect(new Set(modes.stdout.trim().split('\n'))).toEqual(new Set(['600']))
  box.write('ds/in.txt', 'another\n')
  rmSync(box.path('ds/other.sh'))
  await box.run(['scancel', filler.stdout.trim()])
  await jobEnded(box, filler.stdout.trim())
  await looked(box, (all) => all.some(({ held }) => held?.kind === 'changed'))
  const now = await listed(box)
  expect(now.map(({ held }) => held?.path ?? null)).toEqual(['in.txt', null, 'other.sh'])
  // Put back, it goes.
  box.write('ds/in.txt', 'in\n')
  box.write('ds/other.sh', other)
  await looked(box, noneHeld)
  const left = await box.run(['sh', '-c', 'ls .git/waybill/jobs/*/environment.json 2>/dev/null | wc -l'], {
    cwd: 'ds',
  })
  expect(left.stdout.trim()).toBe('0')
  await box.run(['scancel', '--me'])
}, 120_000)

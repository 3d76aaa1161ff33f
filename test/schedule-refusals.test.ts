import { expect, test } from 'vitest'
import { takeCluster } from './support/cluster.ts'
import { openJobs, sandboxWithDataset, schedule, scheduleToEnd, tell } from './support/scenario.ts'

test('what sbatch refuses is told in its own words, and leaves nothing reserved', async () => {
  await using box = await sandboxWithDataset()
  for (const [option, words] of [
    ['--partition=nowhere', 'invalid partition specified'],
    ['--no-such-option', 'unrecognized option'],
    ['--nodes=1000', 'More processors requested than permitted'],
    ['--time=never', 'Invalid --time specification'],
  ] as const) {
    const told = await tell(box, ['schedule', '-o', 'out', 'sbatch', option, 'job.sh', 'true'])
    expect(told.code, option).toBe(1)
    expect(
      told.results.map(({ status }) => status),
      option,
    ).toEqual(['impossible'])
    expect(told.words.toLowerCase(), option).toContain(words.toLowerCase())
    expect(await openJobs(box), option).toEqual([])
  }
  await schedule(box, ['-o', 'out', 'sbatch', 'job.sh', 'true'])
})

test('a limit of the site refuses, and frees what was reserved', async () => {
  await using cluster = await takeCluster('limits')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const told = await tell(box, ['schedule', '-o', 'out', 'sbatch', '--array=0-21', 'job.sh', 'true'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('Invalid job array specification')
  expect(await openJobs(box)).toEqual([])
})

test('a refused job gives annexed outputs back as they were', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/out/a.bin', Buffer.from([0, 1, 2, 255]))
  await box.run(['sh', '-c', 'git annex add -q out && git commit -qm out'], { cwd: 'ds' })
  const told = await tell(box, ['schedule', '-o', 'out', 'sbatch', '-p', 'nowhere', 'job.sh', 'true'])
  expect(told.code).toBe(1)
  expect((await box.run(['readlink', 'ds/out/a.bin'])).stdout).toContain('.git/annex/objects')
  expect(await box.git('ds', 'status', '--porcelain')).toBe('')
})

test('without Slurm, a Slurm job is refused with the name of what is missing', async () => {
  await using box = await sandboxWithDataset()
  const slurm = 'sbatch squeue sacct scontrol scancel sinfo srun salloc'
    .split(' ')
    .map((name) => `bin/${name}`)
  await box.run([
    'sh',
    '-c',
    `mkdir bin && ln -s /usr/bin/* bin/ && rm ${slurm.join(' ')} && ln -sf "$(command -v node)" bin`,
  ])
  const words = ['schedule', '-o', 'out', 'sbatch', 'job.sh', 'true']
  const command = ['env', `PATH=${box.path('bin')}`, box.runtime.entry, ...words]
  const told = await box.run(command, { cwd: 'ds', allowFailure: true })
  expect(told.code).toBe(1)
  expect(told.stdout + told.stderr).toMatch(/sbatch/)
  expect(told.stdout + told.stderr).toMatch(/not installed|not found|not on PATH/)
  expect(told.stderr).not.toMatch(/\n\s+at /)
  expect(await openJobs(box)).toEqual([])
})

test.for([
  [['schedule', 'sbatch', 'job.sh'], 1, 'at least one output must be named'],
  [['schedule', '-o', 'out'], 2, "missing required argument 'command'"],
  [['schedule', '-o', 'out', '--nonsense', 'sbatch', 'job.sh'], 2, "unknown option '--nonsense'"],
  [
    ['schedule', '-o', 'out', '--dry-run', 'maybe', 'sbatch', 'job.sh'],
    2,
    'Allowed choices are basic, command',
  ],
  [['schedule', '-o', 'out', 'sbatch', 'nosuch.sh'], 1, 'nosuch.sh cannot be read'],
  [['schedule', '-i', 'nosuch', '-o', 'out', 'sbatch', 'job.sh', 'true'], 1, 'input nosuch does not exist'],
  [['schedule', '-i', 'no*such', '-o', 'out', 'sbatch', 'job.sh', 'true'], 1, 'input no*such does not exist'],
  [
    ['schedule', '-o', 'out', '--array', '1-3', 'sbatch', 'job.sh', 'true'],
    1,
    'give an array to sbatch itself',
  ],
  [['schedule', '-o', 'out', '--array', '3-1', 'true'], 1, '"3-1" is no list of array indices'],
  [['schedule', '-o', 'out', 'sbatch', '--array=x', 'job.sh', 'true'], 1, '"x" is no list of array indices'],
  [['schedule', '-o', 'out', "sbatch job.sh 'unclosed"], 1, 'never closed'],
  [['schedule', '-o', 'out{', 'sbatch', 'job.sh', 'true'], 1, 'a brace without its twin'],
  [['schedule', '-d', 'nowhere', '-o', 'out', 'sbatch', 'job.sh', 'true'], 1, 'no directory'],
  [['finish', '4711'], 1, 'there is no job 4711 here'],
  [['finish', '--assume', 'perhaps'], 2, 'Allowed choices are completed, failed'],
  [['close', 'w9'], 1, 'there is no job w9 here'],
  [['cancel'], 2, "missing required argument 'job'"],
  [['logs', 'w1', '--task', 'x'], 2, 'It must be a whole number'],
  [['runs', '--most', '9'.repeat(20)], 2, 'It must be a whole number'],
  [['show', 'nosuchthing'], 1, 'nosuchthing'],
  [['jobs', 'extra'], 2, 'too many arguments'],
  [['frobnicate'], 2, "unknown command 'frobnicate'"],
] as const)('%j ends with %i and says: %s', async ([words, code, said]) => {
  await using box = await sandboxWithDataset({}, { annex: 'none' })
  const ran = await box.waybill(words, { cwd: 'ds', allowFailure: true })
  expect(ran.stdout + ran.stderr).toContain(said)
  expect(ran.code).toBe(code)
  expect(ran.stderr).not.toMatch(/\n\s+at /)
  expect(await openJobs(box)).toEqual([])
})

test('every line that --json prints is one object with the words of DataLad', async () => {
  await using box = await sandboxWithDataset()
  for (const words of [
    ['schedule', '--json', '-o', 'out', 'sbatch', '--hold', 'job.sh', 'true'],
    ['schedule', '--json', '-o', 'out', 'sbatch', 'job.sh', 'true'],
    ['finish', '--json'],
    ['cancel', '--json', 'w1', 'w7'],
  ]) {
    const ran = await box.waybill(words, { cwd: 'ds', allowFailure: true })
    const lines = ran.stdout.split('\n').slice(0, -1)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      const result = JSON.parse(line) as Record<string, unknown>
      expect(['ok', 'notneeded', 'impossible', 'error']).toContain(result['status'])
      expect(result).toHaveProperty('action')
      expect(result).toHaveProperty('path')
    }
  }
})

test('what is refused does not initialise git-annex in a fresh clone; what is submitted does', async () => {
  await using box = await sandboxWithDataset()
  await box.run(['git', 'clone', '-q', 'ds', 'copy'])
  const uuid = async (): Promise<number | null> =>
    (await box.run(['git', 'config', 'annex.uuid'], { cwd: 'copy', allowFailure: true })).code
  expect((await tell(box, ['schedule', 'sbatch', 'job.sh', 'true'], { cwd: 'copy' })).code).toBe(1)
  expect(await uuid()).toBe(1)
  await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'], { cwd: 'copy' })
  expect(await uuid()).toBe(0)
})

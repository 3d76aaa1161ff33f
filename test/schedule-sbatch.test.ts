import { expect, test } from 'vitest'
import { takeCluster } from './support/cluster.ts'
import { jobEnded } from './support/job.ts'
import { Sandbox } from './support/sandbox.ts'
import {
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

const task = 'mkdir -p out; echo $SLURM_ARRAY_TASK_ID >out/$SLURM_ARRAY_TASK_ID'

test.for([
  ['on the command line', ['sbatch', '--array=1,3,7-9:2%2', 'job.sh', task], undefined],
  ['by a short option', ['sbatch', '-a', '1,3,7,9', 'job.sh', task], undefined],
  ['in the environment', ['sbatch', 'job.sh', task], '1,3,7-9:2'],
  ['in the script', ['sbatch', 'array.sh'], undefined],
] as const)('an array given %s has all its tasks and logs recorded', async ([, words, variable]) => {
  await using box = await sandboxWithDataset()
  box.write('ds/array.sh', `#!/bin/sh\n#SBATCH --array=1,3,7-9:2\n${task}\n`)
  const env = variable === undefined ? {} : { SBATCH_ARRAY_INX: variable }
  const { id } = await schedule(box, ['-o', 'out', ...words], { env })
  await jobEnded(box, id)
  await finish(box)
  const { title, record } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Completed`)
  expect(record.waybill['tasks']).toEqual(['1,3,7,9 COMPLETED'])
  const changes = await changesOf(box)
  for (const index of [1, 3, 7, 9]) {
    expect(changes).toContain(`A out/${index}`)
    expect(changes).toContain(`A slurm-${id}_${index}.out`)
  }
})

test('--parsable leaves the id alone on standard output', async () => {
  await using box = await sandboxWithDataset()
  const ran = await box.waybill(['schedule', '-o', 'out', 'sbatch', '--parsable', 'job.sh', 'true'], {
    cwd: 'ds',
  })
  expect(ran.stdout).toMatch(/^\d+\n$/)
  expect(ran.stderr).toContain('schedule(ok)')
  const plain = await box.waybill(['schedule', '-o', 'b', 'sbatch', 'job.sh', 'true'], { cwd: 'ds' })
  expect(plain.stdout).toMatch(
    /^Submitted batch job \d+\nschedule\(ok\): .* \(dataset\) \[sbatch job.sh true\]\n$/,
  )
})

test('--wrap, a quoted line and options of all kinds; cmd has the words as given', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'a', 'sbatch', '-J', 'my name', '--wrap', "echo 'x y' >a"])
  await finish(box)
  const { record } = await recordOf(box)
  expect(record.cmd).toBe(`sbatch -J 'my name' --wrap 'echo '"'"'x y'"'"' >a'`)
  expect(box.read('ds/a')).toBe('x y\n')
  await scheduleToEnd(box, ['-o', 'b', 'sbatch -n1 -t 5 job.sh "echo 2 >b"'])
  await finish(box)
  expect(box.read('ds/b')).toBe('2\n')
  expect((await recordOf(box)).record.cmd).toContain('sbatch -n1 -t 5 job.sh')
})

test("a comment of the user's is the one Slurm keeps, from the command line or the script", async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/said.sh', '#!/bin/sh\n#SBATCH --comment="from the script"\n')
  const shown = async (id: number): Promise<string> =>
    (await box.run(['squeue', '-h', '-t', 'all', '-j', String(id), '-o', '%k'])).stdout.trim()
  const line = await schedule(box, ['-o', 'a', 'sbatch', '--comment', 'mine, all mine', 'job.sh', 'date >a'])
  const script = await schedule(box, ['-o', 'b', 'sbatch', 'said.sh'])
  const none = await schedule(box, ['-o', 'c', 'sbatch', 'job.sh', 'true'])
  expect(await shown(line.id)).toBe('mine, all mine')
  expect(await shown(script.id)).toBe('from the script')
  expect(await shown(none.id)).toMatch(/^waybill:/)
  for (const { id } of [line, script, none]) await jobEnded(box, id)
  await finish(box, [line.job])
  expect((await recordOf(box)).record.cmd).toBe("sbatch --comment 'mine, all mine' job.sh 'date >a'")
})

test('a script on standard input is kept with the record', async () => {
  await using box = await sandboxWithDataset()
  const script = '#!/bin/sh\n#SBATCH -o named-%j.log\necho 1 >out\n'
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch'], { input: script })
  await finish(box)
  const { record } = await recordOf(box)
  const { copy } = record.waybill['script'] as { readonly copy: string }
  expect(`${await box.git('ds', 'show', `HEAD:${copy}`)}\n`).toBe(script)
  expect(await changesOf(box)).toContain(`A named-${id}.log`)
  expect(await status(box)).toBe('')
})

test('a job of several parts is over when all its parts are', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await schedule(box, ['-o', 'out', 'sbatch', '-n1', ':', '-n1', 'job.sh', 'echo 1 >out'])
  await jobEnded(box, id)
  await finish(box)
  expect((await recordOf(box)).record['slurm_job_id']).toBe(id)
  expect(await changesOf(box)).toContain('A out')
})

test('--wait waits, and gives the exit code of the job', async () => {
  await using box = await sandboxWithDataset()
  const good = await tell(box, ['schedule', '-o', 'a', 'sbatch', '--wait', 'job.sh', 'echo 1 >a'])
  expect(good.code).toBe(0)
  expect(box.exists('ds/a')).toBe(true)
  const bad = await tell(box, ['schedule', '-o', 'b', 'sbatch', '-W', 'job.sh', 'exit 7'])
  expect(bad.code).toBe(7)
  expect(await openJobs(box)).toEqual(['w1', 'w2'])
})

test('--test-only asks Slurm and reserves nothing', async () => {
  await using box = await sandboxWithDataset()
  const asked = await tell(box, ['schedule', '-o', 'a', 'sbatch', '--test-only', 'job.sh', 'true'])
  expect(asked.code).toBe(0)
  expect(asked.results.map(({ status: how }) => how)).toEqual(['notneeded'])
  expect(asked.words).toMatch(/Job \d+ to start at/)
  const no = await tell(box, [
    'schedule',
    '-o',
    'a',
    'sbatch',
    '--test-only',
    '-p',
    'nowhere',
    'job.sh',
    'true',
  ])
  expect(no.code).toBe(1)
  expect(no.words).toContain('invalid partition')
  expect(await openJobs(box)).toEqual([])
})

test('a job of another cluster is found, recorded and named with its cluster', async () => {
  await using cluster = await takeCluster('second')
  await using box = await sandboxWithDataset()
  await using there = await Sandbox.create({ env: cluster.env })
  const { id, job } = await schedule(box, ['-o', 'out', 'sbatch', '-M', 'second', 'job.sh', 'echo 1 >out'])
  await jobEnded(there, id)
  await finish(box, [job])
  const { record } = await recordOf(box)
  expect(record.waybill['cluster']).toBe('second')
  expect(record['slurm_job_id']).toBe(id)
})

test('placeholders are filled in the command and in paths, and braces doubled are plain', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/in/a 1', 'A\n')
  box.write('ds/in/b', 'B\n')
  await box.git('ds', 'config', 'datalad.run.substitutions.name', 'from-config')
  const dry = await box.waybill(
    [
      'schedule',
      '--dry-run',
      'command',
      '-i',
      'in/*',
      '-o',
      'out/{name}',
      'sbatch',
      'job.sh',
      'cat {inputs[1]} >{outputs[0]}; echo {{x}} {pwd} {dspath}',
    ],
    { cwd: 'ds' },
  )
  expect(dry.stdout).toContain(`cat in/b >out/from-config; echo {x} ${box.path('ds')} ${box.path('ds')}`)
  expect(box.exists('ds/.git/waybill/jobs')).toBe(false)
  const unknown = await tell(box, ['schedule', '-o', 'out', 'sbatch', 'job.sh', '{nosuch}'])
  expect(unknown.code).toBe(1)
  expect(unknown.words).toContain('unrecognized placeholder {nosuch}')
  expect(await openJobs(box)).toEqual([])
})

test('--dry-run basic says what would be done and reserves nothing', async () => {
  await using box = await sandboxWithDataset()
  const words = [
    'schedule',
    '--dry-run',
    'basic',
    '-i',
    'job.sh',
    '-o',
    './out/',
    'sbatch',
    '-o',
    'fixed.log',
    'job.sh',
    'true',
  ]
  const dry = await box.waybill(words, { cwd: 'ds' })
  for (const line of ['input: job.sh', 'reserves: out', 'reserves: fixed.log'])
    expect(dry.stdout).toContain(line)
  expect(dry.stdout).toContain('schedule [dry-run](ok)')
  expect(await openJobs(box)).toEqual([])
  await schedule(box, ['-o', 'out', 'sbatch', '--hold', 'job.sh', 'true'])
  const again = await box.waybill(words, { cwd: 'ds', allowFailure: true })
  expect(again.code).toBe(1)
  expect(again.stdout).toContain('conflicts with out of job w1')
  await tell(box, ['cancel', 'w1'])
})

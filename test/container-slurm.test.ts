import { expect, test } from 'vitest'
import { addContainer, callFormat, sandboxWithContainer } from './support/container.ts'
import { datalad } from './support/datalad.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { addFiles, finish, openJobs, recordOf, scheduleToEnd, status, tell } from './support/scenario.ts'

const image = '.datalad/environments/small/image'

test('a batch script runs in the image on its node, with its own options, and without being touched', async () => {
  await using box = await sandboxWithContainer()
  const script =
    '#!/bin/sh -e\n#SBATCH --output=log-%j.txt --comment="two words"\n#SBATCH -t 3 -J named\ncat /inside "$1" >out\n'
  await addFiles(box, 'ds', { 'a job.sh': script, "it's": 'argument\n' })
  const job = await scheduleToEnd(box, [
    '--container',
    'small',
    '-o',
    'out',
    'sbatch',
    '--time=2',
    'a job.sh',
    "it's",
  ])
  await finish(box)
  expect(box.read('ds/out')).toBe('small\nargument\n')
  expect(box.read('ds/a job.sh')).toBe(script)
  const { record } = await recordOf(box)
  expect(record['extra_inputs']).toEqual([image])
  expect(record.cmd).toBe(
    `sbatch --output=log-%j.txt '--comment=two words' --time=3 --job-name=named --time=2 '--wrap=sh ./.datalad/in-image ${image} /bin/sh -e '"'"'a job.sh'"'"' '"'"'it'"'"'"'"'"'"'"'"'s'"'"''`,
  )
  expect(record.outputs).toContain(`log-${job.id}.txt`)
  expect(record.waybill).toMatchObject({
    container: 'small',
    name: 'named',
    script: { path: 'a job.sh', blob: await box.git('ds', 'rev-parse', 'HEAD:a job.sh') },
  })
  expect(await status(box)).toBe('')
})

test('the record is a plain sbatch command, which either side submits again', async () => {
  await using box = await sandboxWithContainer()
  await addFiles(box, 'ds', { 'in.sh': '#!/bin/sh\ncat /inside >out\n' })
  await scheduleToEnd(box, ['--container', 'small', '-o', 'out', 'sbatch', 'in.sh'])
  await finish(box)
  const change = async (): Promise<void> => {
    box.write('ds/out', 'changed\n')
    await box.git('ds', 'commit', '-qam', 'Change it')
  }
  await change()
  const again = await tell(box, ['reschedule', 'HEAD~1'])
  expect(again.code, again.words).toBe(0)
  const [job] = again.results.flatMap(({ slurm_job_id: id }) => (id === undefined ? [] : [id]))
  await jobEnded(box, job ?? 0)
  await jobAccounted(box, job ?? 0)
  await finish(box)
  expect(box.read('ds/out')).toBe('small\n')
  await change()
  await datalad(box, 'new', ['slurm-reschedule', 'HEAD~1'])
  await expect.poll(() => box.read('ds/out'), { timeout: 30_000 }).toBe('small\n')
})

test('another directory, a command by --wrap, an array: all in the image', async () => {
  await using box = await sandboxWithContainer()
  await addFiles(box, 'ds', {
    'sub/in.sh': '#!/bin/sh\n#SBATCH --array=1-2\ncat /inside >o$SLURM_ARRAY_TASK_ID\n',
    'sub/here': '\n',
  })
  const array = await tell(box, [
    'run',
    '--container',
    'small',
    '-o',
    'sub',
    'sbatch',
    '--chdir=sub',
    'in.sh',
  ])
  expect(array.code, array.words).toBe(0)
  expect([box.read('ds/sub/o1'), box.read('ds/sub/o2')]).toEqual(['small\n', 'small\n'])
  expect((await recordOf(box)).record['extra_inputs']).toEqual([image])
  const words = ['run', '--container', 'small', '-o', '../a', '-o', '../b']
  const wrap = await tell(box, [...words, 'sbatch', '--wrap', 'cat /inside >../a; cat /inside >../b'], {
    cwd: 'ds/sub',
  })
  expect(wrap.code, wrap.words).toBe(0)
  expect([box.read('ds/a'), box.read('ds/b')]).toEqual(['small\n', 'small\n'])
  expect((await recordOf(box)).record).toMatchObject({ pwd: 'sub', extra_inputs: [`../${image}`] })
})

test('what the environment says of sbatch still wins over the script', async () => {
  await using box = await sandboxWithContainer()
  await addFiles(box, 'ds', {
    'in.sh': '#!/bin/sh\n#SBATCH --output=script.txt\n#SBATCH --time=7\necho said\n',
  })
  const env = { SBATCH_OUTPUT: 'environment.txt', SBATCH_TIMELIMIT: '5' }
  const told = await tell(box, ['run', '--container', 'small', '-o', 'environment.txt', 'sbatch', 'in.sh'], {
    env,
  })
  expect(told.code, told.words).toBe(0)
  expect(box.read('ds/environment.txt')).toBe('said\n')
  expect((await recordOf(box)).record.cmd).not.toMatch(/--time|--output/)
})

test('a script that changed before the job started is named at finish', async () => {
  await using box = await sandboxWithContainer()
  await addFiles(box, 'ds', { 'in.sh': '#!/bin/sh\necho first >out\n' })
  const gate = makeGate(box)
  const first = await tell(box, ['schedule', '-o', 'wait', 'sbatch', 'job.sh', `${gate.line}; echo 1 >wait`])
  const after = first.results.at(-1)?.slurm_job_id ?? 0
  const words = [
    'schedule',
    '--container',
    'small',
    '-o',
    'out',
    'sbatch',
    `--dependency=afterany:${after}`,
    'in.sh',
  ]
  const second = await tell(box, words)
  box.write('ds/in.sh', '#!/bin/sh\necho second >out\n')
  await gate.open()
  await jobEnded(box, second.results.at(-1)?.slurm_job_id ?? 0)
  await jobAccounted(box, second.results.at(-1)?.slurm_job_id ?? 0)
  const told = await finish(box, ['w2'])
  expect(told.results).toContainEqual(expect.objectContaining({ action: 'script', path: 'in.sh' }))
  expect(told.words).toContain('it has changed since submission')
})

test.each([
  ['a script from standard input', ['sbatch'], 'put it into a file', '#!/bin/sh\ntrue\n'],
  ['a heterogeneous job', ['sbatch', '-n1', ':', '-n1', 'job.sh'], 'heterogeneous', ''],
  ['a script that is not there', ['sbatch', 'nothing.sh'], 'cannot be read', ''],
])('%s is refused', async (_, words, said, input) => {
  await using box = await sandboxWithContainer()
  const told = await tell(box, ['schedule', '--container', 'small', '-o', 'x', ...words], { input })
  expect(told.code).toBe(1)
  expect(told.words).toContain(said)
  expect(await openJobs(box)).toEqual([])
})

test('a second container, and a call format with extra inputs, on Slurm', async () => {
  await using box = await sandboxWithContainer()
  await addFiles(box, 'ds', { 'overlay.txt': 'o\n', 'in.sh': '#!/bin/sh\ncat /inside >out\n' })
  const extra = ['--extra-input', '{img_dspath}/overlay.txt']
  await addContainer(box, 'other', ['--call-fmt', callFormat, ...extra], 'ds', 'new')
  const told = await tell(box, ['run', '--container', 'other', '-o', 'out', 'sbatch', 'in.sh'])
  expect(told.code, told.words).toBe(0)
  expect(box.read('ds/out')).toBe('other\n')
  const images = [image.replace('small', 'other'), 'overlay.txt']
  expect((await recordOf(box)).record['extra_inputs']).toEqual(images)
})

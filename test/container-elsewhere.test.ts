import { expect, test } from 'vitest'
import { sandboxWithContainer } from './support/container.ts'
import { addFiles, recordOf, status, tell } from './support/scenario.ts'

const config = 'datalad.containers.env'

test('in an alternative directory image, extra inputs and script are brought along', async () => {
  await using box = await sandboxWithContainer()
  await box.run(['mkdir', 'elsewhere'])
  await addFiles(box, 'ds', {
    'in.sh': '#!/bin/sh\n#SBATCH -t 3\necho "$PWD $(wc -c <.datalad/environments/small/image)" >out\n',
  })
  // bubblewrap's helper asks git for the folder, and there is none of git's: a plain call format does here.
  await box.git('ds', 'config', `${config}.image`, '.datalad/environments/small/image')
  await box.git('ds', 'config', `${config}.cmdexec`, 'env IN={img} {cmd}')
  const words = ['--container', 'env', '--alt-dir', '../elsewhere', '-o', 'out']
  const batch = await tell(box, ['run', ...words, 'sbatch', 'in.sh'])
  expect(batch.code, batch.words).toBe(0)
  expect(box.read('ds/out')).toMatch(/\/elsewhere \d{5,}\n$/)
  const { record } = await recordOf(box)
  expect(record['alt_dir']).toBe(box.path('elsewhere'))
  expect(record['extra_inputs']).toEqual(expect.arrayContaining(['.datalad/environments/small/image']))
  const here = await tell(box, ['run', ...words, 'sh', '-c', 'echo "$PWD $IN" >out'])
  expect(here.code, here.words).toBe(0)
  expect(box.read('ds/out')).toMatch(/\/elsewhere \.datalad\/environments\/small\/image\n$/)
  expect(await status(box)).toBe('')
})

test('run in an alternative directory shows what the job prints, and needs outputs', async () => {
  await using box = await sandboxWithContainer()
  await box.run(['mkdir', 'elsewhere'])
  const env = { WAYBILL_FACTS_WAIT: '0' }
  const words = [
    'run',
    '--alt-dir',
    '../elsewhere',
    '-o',
    'out',
    'sbatch',
    'job.sh',
    'echo said; echo 1 >out',
  ]
  const ran = await box.waybill(words, { cwd: 'ds', env })
  expect(ran.stdout).toBe('said\n')
  expect(box.read('ds/out')).toBe('1\n')
  expect((await tell(box, ['run', '--alt-dir', '../elsewhere', 'true'])).words).toContain(
    'at least one output',
  )
})

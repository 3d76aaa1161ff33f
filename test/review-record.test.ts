import { symlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  sandboxWithDataset,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

describe('the description of a job', () => {
  test('is in the record also after a save that failed', async () => {
    await using box = await sandboxWithDataset({}, { annex: 'plain' })
    const { job, id } = await scheduleToEnd(box, [
      '-o',
      'out',
      'sbatch',
      'job.sh',
      'mkdir out; echo 1 >out/a',
    ])
    const file = `slurm-job-${id}.env.json`
    await box.git('ds', 'config', 'commit.gpgsign', 'true')
    await box.git('ds', 'config', 'gpg.program', '/bin/false')
    const failed = await tell(box, ['finish', job])
    expect(failed.code).toBe(1)
    expect(failed.words).toContain('signing failed')
    // git-annex has taken it: a link to an object that nobody may write.
    expect(box.exists(`ds/${file}`)).toBe(true)
    await box.git('ds', 'config', '--unset', 'commit.gpgsign')
    await finish(box, [job])
    expect(await changesOf(box)).toContain(`A ${file}`)
    expect(JSON.parse(box.read(`ds/${file}`))).toMatchObject({ JobState: 'COMPLETED' })
    await box.run(['git', 'annex', 'fsck', '-q'], { cwd: 'ds' })
    expect(await status(box)).toBe('')
  })

  test('that cannot be written keeps the job open', async () => {
    await using box = await sandboxWithDataset()
    const words = ['-o', 'out', 'sbatch', 'job.sh', 'mkdir out; echo 1 >out/a']
    const { job, id } = await scheduleToEnd(box, words)
    await box.run(['mkdir', `slurm-job-${id}.env.json`], { cwd: 'ds' })
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    expect(told.words).toContain(`job ${id} stays open`)
    expect(await openJobs(box)).toEqual([job])
    expect(await box.git('ds', 'log', '--format=%s', '-1')).toBe('Add files')
  })
})

describe('a .waybill that is no folder', () => {
  test.each(['a file', 'a link'])('(%s) keeps a job open whose script has to go there', async (what) => {
    await using box = await sandboxWithDataset()
    box.write('ds/new.sh', '#!/bin/sh\nmkdir out; echo 1 >out/a\n', 0o755)
    const { job } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'new.sh'])
    await box.run(['mkdir', 'elsewhere'])
    if (what === 'a link') symlinkSync(box.path('elsewhere'), box.path('ds/.waybill'))
    else box.write('ds/.waybill', 'mine\n')
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    expect(told.stderr).toBe('')
    expect(told.results).toContainEqual(
      expect.objectContaining({ action: 'add', status: 'impossible', path: '.waybill' }),
    )
    expect(await openJobs(box)).toEqual([job])
    expect(box.exists('elsewhere/scripts')).toBe(false)
    await box.run(['rm', '.waybill'], { cwd: 'ds' })
    await finish(box, [job])
    expect((await changesOf(box)).some((change) => change.startsWith('A .waybill/scripts/'))).toBe(true)
  })
})

describe('an unchanged output that cannot become a link again', () => {
  test('keeps the job open, and says why', async () => {
    await using box = await sandboxWithDataset({}, { annex: 'plain' })
    await addFiles(box, 'ds', { 'keep/b': 'same\n' })
    const { job, id } = await scheduleToEnd(box, ['-o', 'keep', '-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'])
    await box.run(['chmod', '555', 'ds/keep'])
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    expect(told.results).toContainEqual(expect.objectContaining({ action: 'lock', status: 'error' }))
    expect(told.words).toContain(`job ${id} stays open`)
    expect(await openJobs(box)).toEqual([job])
    await box.run(['chmod', '755', 'ds/keep'])
    await finish(box, [job])
    expect(await status(box)).toBe('')
  })
})

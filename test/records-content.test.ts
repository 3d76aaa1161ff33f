import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { datalad, slurmFinish, slurmSubmit } from './support/datalad.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
} from './support/scenario.ts'
import { accountOf } from './support/users.ts'

describe('what a record says of people and places', () => {
  let box: Sandbox
  beforeAll(async () => {
    box = await sandboxWithDataset()
  })
  afterAll(async () => box.dispose())

  test.each([
    ['a job', []],
    ['a job that sends mail', ['--mail-type=END']],
    ['an array', ['--array=1-2']],
    ['a job of two parts', ['-n1', ':', '-n2']],
  ])('names neither the user nor the login host for %s', async (_what, options) => {
    await scheduleToEnd(box, ['-o', 'out', 'sbatch', ...options, 'job.sh', 'date +%N >>out'])
    await finish(box)
    const everything = await box.git('ds', 'show', '--text', '--format=%B', '--notes=waybill', 'HEAD')
    expect(everything).toContain('slurm_job_id')
    expect(everything).toContain('+++ b/out')
    expect(everything).not.toContain(accountOf('user').name)
    expect(everything).not.toMatch(new RegExp(`\\b${hostname().replaceAll('.', '\\.')}\\b`))
  })

  test('names neither for a command that ran here', async () => {
    await schedule(box, ['-o', 'here', 'date +%N >here'])
    while (!/"state":"ended"/.test((await box.waybill(['jobs', '--json'], { cwd: 'ds' })).stdout));
    await finish(box)
    const everything = await box.git('ds', 'show', '--text', '--format=%B', '--notes=waybill', 'HEAD')
    expect(everything).toContain('[DATALAD RUNCMD]')
    expect(everything).not.toContain(accountOf('user').name)
    expect(everything).not.toMatch(new RegExp(`\\b${hostname().replaceAll('.', '\\.')}\\b`))
  })
})

describe('slurm-job-<id>.env.json', () => {
  let box: Sandbox
  const read = (path: string): { readonly text: string; readonly facts: Record<string, string> } => {
    const text = readFileSync(box.path(path), 'utf8')
    return { text, facts: JSON.parse(text) as Record<string, string> }
  }
  beforeAll(async () => {
    box = await sandboxWithDataset({ annex: 'wheel' })
    box.write('ds/logs/.keep', '')
  })
  afterAll(async () => box.dispose())

  test.each([
    ['a job', [], 1],
    ['an array', ['--array=1-2'], 2],
  ])('has the place, form and keys of datalad-slurm for %s', async (_what, options, tasks) => {
    const words = ['-o', 'out', 'sbatch', ...options, '-o', 'logs/%A-%a', 'job.sh', 'date +%N >>out']
    const { id } = await scheduleToEnd(box, words)
    await finish(box)
    const theirId = await slurmSubmit(box, ['slurm-schedule', ...words])
    await slurmFinish(box, theirId, [], tasks)
    const ours = read(`ds/logs/slurm-job-${id}.env.json`)
    const theirs = read(`ds/logs/slurm-job-${theirId}.env.json`)
    const personal = ['GroupId', 'AllocNode:Sid']
    const known = Object.keys(ours.facts)
    expect(
      Object.keys(theirs.facts)
        .filter((key) => !known.includes(key))
        .toSorted(),
    ).toEqual(personal.toSorted())
    expect(known).not.toEqual(expect.arrayContaining(['UserId']))
    expect(Object.values(ours.facts).every((value) => typeof value === 'string')).toBe(true)
    for (const key of ['JobName', 'Partition', 'NumTasks'])
      expect([key, ours.facts[key]]).toEqual([key, theirs.facts[key]])
    // Where the dataset lies on this machine may name its user; datalad-slurm says so, and cuts values at blanks.
    const there = theirs.facts['WorkDir'] ?? ''
    expect(ours.facts['WorkDir']).toBe('.')
    expect(ours.facts['Command']?.split(' ')[0]).toBe(theirs.facts['Command']?.replace(there, '.'))
    expect(ours.text).not.toContain(there)
    expect(ours.facts).toMatchObject({ JobState: 'COMPLETED', ExitCode: '0:0' })
    const program = 'import json, sys; json.dump(json.load(sys.stdin), sys.stdout, indent=2)'
    const dumped = await box.run(['/usr/bin/python3', '-c', program], { input: ours.text })
    expect(dumped.stdout).toBe(ours.text)
  })

  test('stands where the job was submitted when its log lies elsewhere', async () => {
    box.write('ds/sub/.keep', '')
    const words = ['-o', '../out', 'sbatch', '-o', '/dev/null', '../job.sh', 'date +%N >>../out']
    const { id } = await scheduleToEnd(box, words, { cwd: 'ds/sub' })
    await finish(box)
    expect(await changesOf(box)).toEqual(['M out', `A sub/slurm-job-${id}.env.json`].toSorted())
  })
})

describe.each(['old', 'new'] as const)('a dataset of datalad create (%s)', (version) => {
  test('keeps text in git and the rest in the annex, whole and clean', async () => {
    await using box = await Sandbox.create(version === 'new' ? { annex: 'wheel' } : {})
    await box.dataset('ds', { annex: 'text2git', datalad: version })
    await addFiles(box, 'ds', { 'job.sh': '#!/bin/sh\nprintf "\\0$1" >out/b.bin\necho "$1" >out/a.txt\n' })
    box.write('ds/out/.keep', '')
    for (const word of ['first', 'second']) {
      const { id } = await schedule(box, ['-o', 'out', 'sbatch', 'job.sh', word])
      await jobEnded(box, id)
      await jobAccounted(box, id)
      await finish(box)
    }
    expect(box.read('ds/out/b.bin')).toBe('\0second')
    expect(await box.git('ds', 'annex', 'find', '--include=*')).toBe('out/b.bin')
    expect(await box.git('ds', 'annex', 'fsck', '--quiet')).toBe('')
    expect(await status(box)).toBe('')
    expect((await datalad(box, version, ['status'])).stdout).toContain('nothing to save, working tree clean')
    const id = /id = (\S+)/.exec(box.read('ds/.datalad/config'))?.[1]
    expect((await recordOf(box)).record).toMatchObject({ dsid: id })
  })
})

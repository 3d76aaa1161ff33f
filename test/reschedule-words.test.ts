import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { datalad, slurmFinish, slurmSubmit } from './support/datalad.ts'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
import { commitRecord, mustSubmit, repeatOnSlurm } from './support/repeat.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  tell,
} from './support/scenario.ts'

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset({ annex: 'wheel' })
  await addFiles(box, 'ds', { 'sub/in.txt': 'below\n', 'sub/job.sh': '#!/bin/sh\neval "$1"\n' })
})
afterAll(async () => box.dispose())

const head = async (): Promise<string> => box.git('ds', 'rev-parse', 'HEAD')

async function recorded(words: readonly string[], cwd = 'ds'): Promise<string> {
  await scheduleToEnd(box, words, { cwd })
  await finish(box)
  return head()
}

describe('words after -- override those of the record', () => {
  test('and stand in the new record, so that it can be repeated', async () => {
    const original = await recorded(['-o', 'a', 'sbatch', '--time=1', '-J', 'mine', 'job.sh', 'date +%N >a'])
    const id = await repeatOnSlurm(box, [original, '--', '--time=7', '-J', 'new {name}'])
    const { record } = await recordOf(box)
    expect(record.cmd).toBe("sbatch --time=1 -J mine --time=7 -J 'new {{name}}' job.sh 'date +%N >a'")
    const seen = await box.run(['squeue', '-h', '-t', 'all', '-j', String(id), '-o', '%j|%l'])
    expect(seen.stdout).toBe('new {name}|7:00\n')
    const again = await repeatOnSlurm(box)
    expect(again).toBeGreaterThan(id)
    const theirs = await slurmSubmit(box, ['slurm-reschedule'])
    await slurmFinish(box, theirs)
    expect((await recordOf(box)).record).toMatchObject({ cmd: record.cmd, slurm_job_id: theirs })
  })

  test('for the first component of a heterogeneous job, and before --', async () => {
    const dry = async (cmd: string): Promise<string> => {
      const record = { cmd, outputs: ['b'], slurm_job_id: 1, slurm_outputs: [] }
      const commit = await commitRecord(box, '[DATALAD SLURM RUN] Slurm job 1: Completed', record)
      return (await tell(box, ['reschedule', '--report', commit, '--', '--mem=5'])).words
    }
    expect(await dry('sbatch -n1 : -n2 job.sh true')).toContain('sbatch -n1 --mem=5 : -n2 job.sh true')
    expect(await dry('sbatch -n1 -- job.sh true')).toContain('sbatch -n1 --mem=5 -- job.sh true')
    expect(await dry('sbatch -n1 --wrap=true')).toContain('sbatch -n1 --wrap=true --mem=5')
  })

  test('but not where no sbatch would read them', async () => {
    const local = { cmd: 'date >c', outputs: ['c'], exit: 0 }
    await commitRecord(box, '[DATALAD RUNCMD] here', local)
    expect((await tell(box, ['reschedule', 'HEAD', '--', '--mem=5'])).words).toContain('this record')
    const wraps = { cmd: './submit.sh job.sh', outputs: ['c'], slurm_job_id: 1, slurm_outputs: [] }
    await commitRecord(box, '[DATALAD SLURM RUN] Slurm job 1: Completed', wraps)
    expect((await tell(box, ['reschedule', 'HEAD', '--', '--mem=5'])).words).toContain('are for sbatch')
    await commitRecord(box, '[DATALAD SLURM RUN] Slurm job 1: Completed', { ...wraps, cmd: 'sbatch job.sh' })
    const stray = await tell(box, ['reschedule', 'HEAD', '--', '--mem=5', 'other.sh'])
    expect(stray).toMatchObject({ code: 1 })
    expect(stray.words).toContain('other.sh is no option of sbatch')
  })
})

describe('which record is meant', () => {
  test.each([
    ['the root', 'ds', []],
    ["the record's directory", 'ds/sub', []],
    ['a directory beside it', 'ds/beside', []],
    ['elsewhere, with -d', '.', ['-d', 'ds']],
  ] as const)('is run in its own directory when called from %s', async (_, cwd, extra) => {
    box.write('ds/beside/.keep', '')
    const ours = ['-i', 'in.txt', '-o', 'p', 'sbatch', 'job.sh', 'cat in.txt >p; date +%N >>p']
    const original = await recorded(ours, 'ds/sub')
    const id = await repeatOnSlurm(box, [...extra, original], cwd)
    expect((await recordOf(box)).record).toMatchObject({
      inputs: ['in.txt'],
      outputs: ['sub/p', `sub/slurm-${id}.out`, `sub/slurm-job-${id}.env.json`],
      pwd: 'sub',
    })
  })

  test('can be said by its job; an open one has none', async () => {
    const gate = makeGate(box)
    const { id, job } = await schedule(box, ['-o', 'q', 'sbatch', 'job.sh', `${gate.line}; date +%N >q`])
    const early = await tell(box, ['reschedule', String(id)])
    expect(early.code).toBe(1)
    expect(early.words).toContain(`job ${id} is still open`)
    await gate.open()
    await jobEnded(box, id)
    await finish(box)
    const original = await head()
    await repeatOnSlurm(box, [job])
    expect((await recordOf(box)).record).toMatchObject({ chain: [original] })
    expect((await tell(box, ['reschedule', '--report', String(id)])).results.at(-1)).toMatchObject({
      commit: original,
    })
    expect((await tell(box, ['reschedule', 'w99999'])).code).toBe(1)
  })

  test('of a job that failed is run with --with-failed-jobs', async () => {
    await scheduleToEnd(box, ['-o', 'r', 'sbatch', 'job.sh', 'date +%N >r; exit 3'])
    await finish(box, ['--commit-failed-jobs'])
    const skipped = await tell(box, ['reschedule'])
    expect(skipped.code).toBe(1)
    expect(skipped.words).toContain('--with-failed-jobs')
    const range = await tell(box, ['reschedule', '--report', '--since', 'HEAD~1'])
    expect(range.results[0]).toMatchObject({ status: 'notneeded' })
    const [id = 0] = mustSubmit(await tell(box, ['reschedule', '--with-failed-jobs']))
    await jobEnded(box, id)
    await finish(box, ['--close-failed-jobs'])
  })
})

describe('--script', () => {
  test('writes a script that runs the commands again, wherever the dataset stands', async () => {
    const start = await head()
    await recorded(
      ['-i', '*.txt', '-o', 'it is', '-m', 'a\n$(touch owned)\rb', 'sbatch', 'job.sh', 'date +%N >"it is"'],
      'ds/sub',
    )
    await datalad(
      box,
      'new',
      ['run', '--explicit', '-i', '*.txt', '-o', 's', "(cat {inputs}; echo '{pwd}') >s"],
      {
        cwd: 'ds/sub',
      },
    )
    const told = await tell(box, ['reschedule', '--script', '../again it.sh', '--since', start])
    expect(told.code).toBe(0)
    expect(told.words).toContain('again it.sh, which runs 2 records again')
    expect((await tell(box, ['jobs'])).results).toEqual([])
    await box.run(['cp', '-r', 'ds', 'copy of ds'])
    box.write('copy of ds/sub/s', '')
    const ran = await box.run([box.path('again it.sh'), 'copy of ds'])
    const id = Number(/Submitted batch job (\d+)/.exec(ran.stdout)?.[1])
    await jobEnded(box, id)
    expect(box.read('copy of ds/sub/it is')).not.toBe(box.read('ds/sub/it is'))
    expect(box.read('copy of ds/sub/s')).toBe(`below\n${box.path('copy of ds/sub')}\n`)
    expect(box.exists('copy of ds/sub/owned')).toBe(false)
    const printed = await box.waybill(['reschedule', '--script=-', '--since', start], { cwd: 'ds' })
    expect(printed.stdout).toBe(box.read('again it.sh'))
    expect(printed.stdout).not.toContain('\r')
  })

  test('feeds a script that was typed, and stops at a command that fails', async () => {
    const input = "#!/bin/sh\necho 'typed in' >t; date +%N >>t\n"
    await scheduleToEnd(box, ['-o', 't', 'sbatch'], { input })
    await finish(box)
    await box.waybill(['reschedule', '--script', 'once.sh'], { cwd: 'ds' })
    box.write('ds/t', '')
    const ran = await box.run(['sh', './once.sh'], { cwd: 'ds' })
    await jobEnded(box, Number(/job (\d+)/.exec(ran.stdout)?.[1]))
    expect(box.read('ds/t')).toContain('typed in')
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { makeBareRoot, type BareRoot } from './support/bare-root.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Ran } from './support/programs.ts'
import type { RunOptions, Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  status,
  tell,
} from './support/scenario.ts'

let box: Sandbox
let root: BareRoot
/** How the helpers of all scenarios run the executable instead, in its root. */
let inside: RunOptions
beforeAll(async () => {
  box = await sandboxWithDataset()
  root = makeBareRoot(box)
  inside = { cwd: 'ds', env: { PATH: root.PATH } }
}, 180_000)
afterAll(async () => box.dispose())

/** Runs a shell line in the root, whatever its outcome. */
async function line(text: string, env: RunOptions['env'] = {}): Promise<Ran> {
  const all = { PATH: root.PATH, WAYBILL_FACTS_WAIT: '0', ...env }
  return box.run([...root.words, 'bash', '-c', text], { cwd: 'ds', env: all, allowFailure: true })
}

async function ended(...ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
}

describe('where there is git, git-annex and Slurm, but no Node', () => {
  test('there is none, in no folder, and there are the others', async () => {
    for (const program of ['node', 'nodejs', 'npm', 'npx'])
      expect(await line(`command -v ${program}`)).toMatchObject({ code: 1, stdout: '' })
    const names = '-name node -o -name nodejs -o -name npm -o -name npx -o -name "npm-cli.js"'
    const found = await line(
      `find / -path /proc -prune -o -type f \\( ${names} \\) -size +0 -perm /111 -print`,
    )
    expect(found.stdout).toBe('')
    for (const program of ['git --version', 'git-annex version --raw', 'sbatch --version'])
      expect(await line(program)).toMatchObject({ code: 0, stderr: '' })
    expect((await line('command -v waybill')).stdout).toBe('/opt/waybill/waybill\n')
  })

  test('an sbatch job: scheduled, seen, recorded, shown, and again', async () => {
    const script = `mkdir -p out; head -c 3000 /dev/zero >out/big.bin; echo text >out/small.txt`
    const job = await schedule(box, ['-o', 'out', '-m', 'Both kinds', 'sbatch', 'job.sh', script], inside)
    const listed = await tell(box, ['jobs'], inside)
    expect(listed.results).toMatchObject([{ job: job.job, id: String(job.id) }])
    await ended(job.id)
    await finish(box, [], inside)
    expect(await changesOf(box)).toEqual([
      'A out/big.bin',
      'A out/small.txt',
      `A slurm-${job.id}.out`,
      `A slurm-job-${job.id}.env.json`,
    ])
    expect(await box.git('ds', 'annex', 'find', '--anything')).toBe('out/big.bin')
    expect(box.read('ds/out/small.txt')).toBe('text\n')
    const first = await recordOf(box)
    expect(first.record).toMatchObject({ slurm_job_id: job.id })
    expect((await line('waybill show out/big.bin')).stdout).toContain('Both kinds')

    const again = await tell(box, ['reschedule', 'HEAD'], inside)
    const [id = 0] = again.results.flatMap(({ slurm_job_id: one }) => (one === undefined ? [] : [one]))
    expect(again.code, again.words).toBe(0)
    await ended(id)
    await finish(box, [], inside)
    const second = await recordOf(box)
    expect(second.record).toMatchObject({ slurm_job_id: id, cmd: first.record.cmd })
    expect(await status(box)).toBe('')
    expect(await openJobs(box)).toEqual([])
  })

  test('a command of this machine, which goes on by itself, and one in the foreground', async () => {
    const { job } = await schedule(box, ['-o', 'here', 'sh', '-c', 'echo "$WAYBILL_JOB" >here'], inside)
    await expect
      .poll(async () => (await tell(box, ['jobs'], inside)).results, { timeout: 30_000 })
      .toMatchObject([{ job, word: 'COMPLETED' }])
    await finish(box, [], inside)
    expect(box.read('ds/here')).toBe(`${job}\n`)
    const ran = await box.waybill(['run', '-o', 'shown', 'sh', '-c', 'echo seen; echo 1 >shown'], inside)
    expect(ran.stdout).toBe('seen\n')
    expect(await changesOf(box)).toEqual(['A shown'])
    expect(await status(box)).toBe('')
  })

  test('a script that calls sbatch itself', async () => {
    const each = (name: string): string => `sbatch job.sh 'echo ${name} >several-${name}'`
    await addFiles(box, 'ds', { 'several.sh': `#!/bin/sh\n${each('one')}\n${each('two')}\n` })
    const words = [
      'schedule',
      '--scheduler',
      'slurm',
      '-o',
      'several-one',
      '-o',
      'several-two',
      'sh',
      'several.sh',
    ]
    const told = await tell(box, words, inside)
    expect(told.code, told.words).toBe(0)
    const { slurm_job_ids: ids } = told.results.at(-1) as unknown as { slurm_job_ids: readonly number[] }
    expect(ids).toHaveLength(2)
    await ended(...ids)
    await finish(box, [], inside)
    expect(await changesOf(box)).toEqual(expect.arrayContaining(['A several-one', 'A several-two']))
    expect(await openJobs(box)).toEqual([])
  })

  test("a script of datalad-slurm's users, and the real datalad beside it", async () => {
    const told = await line(
      `set -e
      export PATH="$(waybill compat):$PATH"
      datalad --version
      datalad slurm-schedule -o theirs sbatch job.sh 'echo 1 >theirs'`,
    )
    expect(told.code, told.stderr).toBe(0)
    expect(told.stdout).toMatch(/^datalad \d/)
    await ended(Number(/^Submitted batch job (\d+)\n$/.exec(told.stderr)?.[1]))
    // By its path, where no waybill is on PATH, it finds the executable that made it.
    const finished = await line(
      'datalad=$(waybill compat)/datalad; PATH=/usr/bin:/bin; "$datalad" slurm-finish',
    )
    expect(finished).toMatchObject({ code: 0, stderr: '' })
    expect(await changesOf(box)).toContain('A theirs')
    const folder = (await line('waybill compat')).stdout.trim()
    expect(folder.startsWith(`${box.environment()['HOME']}/.cache/waybill/compat-`)).toBe(true)
  })

  test('without a place for a cache, nothing is missed', async () => {
    const env = { XDG_CACHE_HOME: '/usr/no-such' }
    const job = await schedule(box, ['-o', 'bare', 'sbatch', 'job.sh', 'echo 1 >bare'], {
      ...inside,
      env: { ...inside.env, ...env },
    })
    await ended(job.id)
    const told = await line('"$(waybill compat)/datalad" slurm-finish && waybill compat', env)
    expect(told).toMatchObject({ code: 0, stderr: '' })
    expect(told.stdout.trimEnd().split('\n').at(-1)).toContain(box.environment()['TMPDIR'])
    expect(await changesOf(box)).toContain('A bare')
  })

  test('what needs no repository', async () => {
    expect(await line('waybill --version')).toMatchObject({
      code: 0,
      stdout: `${packageJson.version}\n`,
      stderr: '',
    })
    const completion = await line('source <(waybill completion bash) && complete -p waybill')
    expect(completion).toMatchObject({ code: 0, stderr: '' })
    expect(completion.stdout).toContain('-F _waybill waybill')
    const doctor = await line('waybill doctor')
    expect(doctor).toMatchObject({ code: 0, stderr: '' })
    expect(doctor.stdout).toMatch(/^node +ok +24\.\d/)
    expect(doctor.stdout).not.toMatch(/MISSING|TOO OLD/)
  })

  test('definitions of assets, which lie in a part of their own', async () => {
    const told = await line('mkdir graph && cd graph && waybill init && waybill assets check')
    expect(told).toMatchObject({ code: 0, stderr: '' })
    expect(told.stdout).toContain('waybill.yaml: 3 assets with 3 keys, 1 site; nothing is wrong')
    box.write('ds/graph/code/waybill.config.ts', 'export default (): object => ({ assets: {} })\n')
    const trusted = await line('cd graph/code && waybill trust && waybill assets list')
    expect(trusted).toMatchObject({ code: 0, stderr: '' })
  })

  test("the user's NODE_OPTIONS are for the user's Node: they reach a job, and do nothing to the command", async () => {
    const options = '--require /no-such-file --inspect=0'
    const ran = await line('waybill run -o options sh -c \'echo "$NODE_OPTIONS" >options\'', {
      NODE_OPTIONS: options,
    })
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stderr).not.toContain('Debugger')
    expect(box.read('ds/options')).toBe(`${options}\n`)
  })
})

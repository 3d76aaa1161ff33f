import { statSync, utimesSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  tell,
} from './support/scenario.ts'

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset()
})
afterAll(async () => box.dispose())

/** Runs shell code in `ds` with our command on PATH. */
async function shell(
  code: string,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const env = { WAYBILL_FACTS_WAIT: '0' }
  return box.run(['bash', '-c', code], { cwd: 'ds', env, allowFailure: true })
}

/** Commits a record as somebody else might have written it. */
async function foreign(record: Readonly<Record<string, unknown>>, title = 'DATALAD RUNCMD'): Promise<void> {
  const json = JSON.stringify({
    cmd: 'true',
    chain: [],
    inputs: [],
    extra_inputs: [],
    outputs: ['o'],
    ...record,
  })
  const message = `[${title}] Slurm job 7: Completed\n\n=== Do not change lines below ===\n${json}\n^^^ Do not change lines above ^^^\n`
  await box.run(['git', 'commit', '-q', '--allow-empty', '-F', '-'], { cwd: 'ds', input: message })
}

describe('output that goes nowhere', () => {
  test('finish does all its work when nobody reads it, and says by its exit code that a job is open', async () => {
    const done = await scheduleToEnd(box, ['-o', 'p1', 'sbatch', 'job.sh', 'echo 1 >p1'])
    await scheduleToEnd(box, ['-o', 'p2', 'sbatch', 'job.sh', 'exit 1'])
    const ran = await shell('waybill finish | true; exit ${PIPESTATUS[0]}')
    expect([ran.code, ran.stderr]).toEqual([1, ''])
    expect((await recordOf(box)).record).toMatchObject({ slurm_job_id: done.id })
    await finish(box, ['--close-failed-jobs'])
  })

  test('schedule whose standard error is closed submits, and ends with 0', async () => {
    const ran = await shell('waybill schedule -o q sbatch --parsable --hold job.sh true 2> >(exec true)')
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^\d+\n$/)
    expect(await openJobs(box)).toHaveLength(1)
    await box.run(['scancel', ran.stdout.trim()])
    await box.waybill(['close', '--force', ran.stdout.trim()], { cwd: 'ds' })
  })

  test('a full disk behind standard output is told in words, and the work is done', async () => {
    const ran = await shell('waybill schedule -o full sh -c "echo 1 >full" >/dev/full')
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('standard output could not be written')
    expect(ran.stderr).not.toMatch(/^\s+at /m)
    const [job = ''] = await openJobs(box)
    expect((await shell(`waybill logs -f ${job} && waybill finish >/dev/full`)).code).toBe(1)
    expect((await recordOf(box)).record.outputs).toEqual(['full'])
  })

  test("a watched list of jobs clears no screen but a terminal's, and ends when nobody reads it", async () => {
    const [first, second] = [box.path('gate1'), box.path('gate2')]
    await box.run(['mkfifo', first, second])
    for (const [n, gate] of [first, second].entries())
      await schedule(box, ['-o', `w${n}`, 'sh', '-c', `cat '${gate}'`])
    // Standard error is a terminal, standard output a pipe whose reader leaves in the middle of the second list.
    box.write(
      'watch.sh',
      `waybill jobs --watch | { read -r head; read -r one; read -r two; echo >'${first}'
read -r again; printf '%s\\n' "$again" >'${box.path('ds/again')}'; echo >'${second}'; }
exit "\${PIPESTATUS[0]}"\n`,
    )
    const ran = await shell('script -qec "bash ../watch.sh" /dev/null')
    expect(ran.code, ran.stdout).toBe(0)
    expect(box.read('ds/again')).toMatch(/^JOB /)
    for (const job of await openJobs(box)) await box.waybill(['logs', '-f', job], { cwd: 'ds' })
    await box.waybill(['finish'], { cwd: 'ds', allowFailure: true })
    expect(await openJobs(box)).toEqual([])
    await box.run(['rm', 'ds/again'])
  })
})

test('a current directory that was removed is told in words', async () => {
  const ran = await shell('mkdir ../gone && cd ../gone && rmdir ../gone && waybill jobs')
  expect(ran.code).toBe(1)
  expect(ran.stderr).toMatch(/^waybill: the current directory is gone.*\n$/)
})

describe('show', () => {
  test('finds a record after rebase and gc, and in another clone by the id of its task', async () => {
    const { job, id } = await scheduleToEnd(box, ['-o', 's1', 'sbatch', '--array=3', 'job.sh', 'echo 1 >s1'])
    await finish(box)
    const before = await box.git('ds', 'rev-parse', 'HEAD')
    await box.git('ds', 'commit', '-q', '--amend', '--no-edit', '--author', 'Other <o@example.org>')
    await box.git('ds', 'commit', '-q', '--allow-empty', '-m', `Speak of "slurm_job_id": ${id}`)
    const commit = await box.git('ds', 'rev-parse', 'HEAD^')
    expect(commit).not.toBe(before)
    for (const gone of [false, true]) {
      if (gone) {
        await box.git('ds', 'reflog', 'expire', '--expire=now', '--all')
        await box.git('ds', 'gc', '-q', '--prune=now')
      }
      for (const name of [job, String(id), `${id}_3`])
        expect((await tell(box, ['show', name])).results[0], name).toMatchObject({ commit })
    }
    await box.git('.', 'clone', '-q', 'ds', 'clone')
    for (const name of [String(id), `${id}_3`])
      expect((await tell(box, ['show', name], { cwd: 'clone' })).results[0], name).toMatchObject({ commit })
    const unknown = await tell(box, ['show', job], { cwd: 'clone' })
    expect([unknown.code, unknown.words]).toEqual([
      1,
      expect.stringContaining(`there is no job ${job} in this clone`),
    ])
  })

  test('says how a job without a record ended', async () => {
    const refused = await tell(box, ['schedule', '-o', 'x', 'sbatch', '-p', 'none', 'job.sh', 'true'])
    expect(refused.code).toBe(1)
    const closed = await schedule(box, ['-o', 'x', 'sbatch', '--hold', 'job.sh', 'true'])
    await box.run(['scancel', String(closed.id)])
    await box.waybill(['close', '--force', closed.job], { cwd: 'ds' })
    const before = `w${Number(closed.job.slice(1)) - 1}`
    const idle = await schedule(box, ['-o', 'job.sh', 'sh', '-c', 'true'])
    await box.waybill(['logs', '-f', idle.job], { cwd: 'ds' })
    await finish(box)
    const shown = async (job: string): Promise<string> =>
      (await box.waybill(['show', job], { cwd: 'ds' })).stdout.split('\n')[0] ?? ''
    expect(await shown(before)).toMatch(/refused by the scheduler/)
    expect(await shown(closed.job)).toMatch(/closed without a record/)
    expect(await shown(idle.job)).toMatch(/it changed nothing/)
  })
})

describe('what a record or a file name holds', () => {
  test('an output whose name would forge a result line is told on one line, without control characters', async () => {
    const name = 'e\u001b]0;pwn\u0007\nsave(ok): forged'
    await box.waybill(['schedule', '-o', name, 'sh', '-c', 'true'], { cwd: 'ds' })
    const [job = ''] = await openJobs(box)
    const ran = await shell(`waybill logs -f ${job}; waybill finish`)
    expect(ran.stdout).toContain('output e\\x1b]0;pwn\\x07\\x0asave(ok): forged was declared')
    expect(ran.stdout).not.toMatch(/\u001b|\u0007|^save\(ok\): forged/m)
    const plan = await box.waybill(['schedule', '--dry-run', 'basic', '-o', name, 'sh'], { cwd: 'ds' })
    expect(plan.stdout).not.toMatch(/[\u001b\u0007]/)
  })

  test('free text that looks like a record hides none', async () => {
    const text = 'x\n=== Do not change lines below ===\n{"cmd": "forged"}\n^^^ Do not change lines above ^^^'
    const { id } = await scheduleToEnd(box, ['-m', text, '-o', 'm1', 'sbatch', 'job.sh', 'echo 1 >m1'])
    await finish(box)
    const shown = await tell(box, ['show'])
    expect(shown.results[0]).toMatchObject({ record: { slurm_job_id: id } })
    const rerun = await box.run(['/usr/bin/python3', '-c', readsAsDatalad], {
      input: await box.git('ds', 'log', '-1', '--format=%B'),
    })
    expect(rerun.stdout.trim()).toBe(String(id))
  })

  test.each([
    ['../../elsewhere', 'lies outside the dataset'],
    ['/tmp', 'lies outside the dataset'],
    ['.git/hooks/x', 'lies inside .git'],
    ['job.sh', 'job.sh is a file here'],
    ['job.sh/below/it', 'job.sh is a file here'],
  ])('a record that ran in %s is refused, and nothing is made for it', async (pwd, words) => {
    await foreign({ pwd, inputs: ['job.sh'] })
    for (const report of [[], ['--report']]) {
      const told = await tell(box, ['reschedule', ...report])
      expect(told.code).toBe(1)
      expect(told.words).toContain(words)
      expect(told.stderr).toBe('')
    }
    expect(['../elsewhere', 'elsewhere', 'ds/.git/hooks/x'].map((path) => box.exists(path))).toEqual([
      false,
      false,
      false,
    ])
  })

  test('a record with characters of a terminal is reported without them', async () => {
    await foreign({ waybill: { inputs: [{ path: 'evil\u001b]0;pwn\u0007\nsave(ok): forged', blob: 'aa' }] } })
    const ran = await shell('waybill reschedule --report')
    expect(ran.stdout).toContain('evil\\x1b]0;pwn')
    expect(ran.stdout).not.toMatch(/\u001b|^save/m)
  })
})

/** Finds a record as datalad and datalad-slurm do, and prints its job. */
const readsAsDatalad = `
import json, re, sys
expression = r'\\[DATALAD SLURM RUN\\] (.*)=== Do not change lines below ===\\n(.*)\\n\\^\\^\\^ Do not change lines above \\^\\^\\^'
print(json.loads(re.match(expression, sys.stdin.read(), re.MULTILINE | re.DOTALL).groups()[1])['slurm_job_id'])
`

describe('what differs from a record', () => {
  async function differing(...words: readonly string[]): Promise<readonly string[]> {
    const told = await tell(box, ['reschedule', '--report', ...words])
    expect([told.code, told.stderr]).toEqual([0, ''])
    return [/differs from the record: (.*); the job runs/.exec(told.words)?.[1] ?? ''].flatMap((text) =>
      text === '' ? [] : text.split(', '),
    )
  }

  /** Schedules a local job with these inputs and records it. */
  async function record(name: string, inputs: readonly string[]): Promise<string> {
    const words = inputs.flatMap((path) => ['-i', path])
    const { job } = await schedule(box, [...words, '-o', name, 'sh', '-c', `echo 1 >'${name}'`])
    await box.waybill(['logs', '-f', job], { cwd: 'ds' })
    await finish(box, [job])
    return box.git('ds', 'rev-parse', 'HEAD')
  }

  test('an input outside the dataset is compared by size and time', async () => {
    const outside = box.write('outside.txt', 'v1\n')
    const commit = await record('d1', [outside])
    expect(await differing(commit)).toEqual([])
    const { atimeMs, mtimeMs } = statSync(outside)
    utimesSync(outside, atimeMs / 1000, mtimeMs / 1000 + 5)
    expect(await differing(commit)).toEqual([outside])
    await box.run(['rm', outside])
    expect(await differing(commit)).toEqual([outside])
  })

  test('an input in a submodule is known by its content', async () => {
    await box.dataset('sub-origin', { annex: 'none' })
    await addFiles(box, 'sub-origin', { 'in.txt': '1\n' })
    await box.git('ds', 'submodule', '--quiet', 'add', box.path('sub-origin'), 'sub')
    await box.git('ds', 'commit', '-q', '-m', 'Add a submodule', '--', 'sub', '.gitmodules')
    const commit = await record('d2', ['sub/in.txt'])
    expect(await differing(commit)).toEqual([])
    box.write('ds/sub/in.txt', '2\n')
    expect(await differing(commit)).toEqual(['sub/in.txt'])
  })

  test('inputs given by wildcards, and names that look like some, are compared; also what is gone', async () => {
    await addFiles(box, 'ds', { 'data/1.csv': '1\n', 'data/2.csv': '2\n', 'more [v1]/x': 'x\n' })
    const commit = await record('d3', ['data/*.csv'])
    await foreign({ inputs: ['data/*.csv', 'more [v1]/x'], pwd: '.' })
    expect([await differing(commit), await differing()]).toEqual([[], []])
    await box.run(['rm', 'data/1.csv'], { cwd: 'ds' })
    box.write('ds/data/2.csv', 'other\n')
    box.write('ds/more [v1]/x', 'other\n')
    expect(await differing(commit)).toEqual(['data/2.csv', 'data/1.csv'])
    expect((await differing()).toSorted()).toEqual(['data/1.csv', 'data/2.csv', 'more [v1]/x'])
    await box.git('ds', 'checkout', '-q', '--', 'data', 'more [v1]')
  })

  test('the identities of many inputs are read from the file of lists', async () => {
    const names = Array.from({ length: 250 }, (_, n) => `many/${String(n).padStart(60, '0')}`)
    await addFiles(box, 'ds', Object.fromEntries(names.map((name) => [name, `${name}\n`])))
    box.write(`ds/${names[7]}`, 'as it was submitted\n')
    const commit = await record('d4', ['many'])
    expect((await recordOf(box)).record.waybill).toHaveProperty('lists')
    expect(await differing(commit)).toEqual([])
    await box.git('ds', 'checkout', '-q', '--', 'many')
    expect(await differing(commit)).toEqual([names[7]])
  })

  test('a clone without the empty folder of a job tells and makes it', async () => {
    await box.run(['mkdir', 'ds/run1'])
    const { job } = await schedule(box, ['-i', '../job.sh', '-o', '../d5', 'sh', '-c', 'echo 1 >../d5'], {
      cwd: 'ds/run1',
    })
    await box.waybill(['logs', '-f', job], { cwd: 'ds' })
    await finish(box, [job])
    await box.git('.', 'clone', '-q', 'ds', 'fresh')
    const told = await tell(box, ['reschedule', '--report'], { cwd: 'fresh' })
    expect([told.code, told.stderr]).toEqual([0, ''])
    expect(told.words).not.toContain('differs')
    expect(box.exists('fresh/run1')).toBe(false)
    expect((await tell(box, ['reschedule'], { cwd: 'fresh' })).code).toBe(0)
    expect(box.exists('fresh/run1')).toBe(true)
  })
})

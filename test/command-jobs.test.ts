import { existsSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
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

const write = ['-o', 'out', 'sbatch', 'job.sh', 'echo 1 >out'] as const

test('the table of jobs has id, state, name and outputs; --json has one object a job', async () => {
  await using box = await sandboxWithDataset()
  const none = await box.waybill(['jobs'], { cwd: 'ds' })
  expect(none.stdout).toBe('no open jobs\n')
  const gate = makeGate(box)
  const runs = await schedule(box, ['-o', 'a', 'sbatch', '-J', 'runner', 'job.sh', gate.line])
  await gate.reached()
  const held = await schedule(box, [
    '-o',
    'b',
    '-o',
    'c',
    'sbatch',
    '-J',
    'holder',
    '--hold',
    'job.sh',
    'true',
  ])
  const waits = await schedule(box, [
    '-o',
    'd',
    'sbatch',
    `--dependency=afterok:${held.id}`,
    'job.sh',
    'true',
  ])
  const lines = (await box.waybill(['jobs'], { cwd: 'ds' })).stdout.split('\n')
  expect(lines[0]?.split(/ {2,}/)).toEqual(['JOB', 'ID', 'STATE', 'NAME', 'ELAPSED', 'SUBMITTED', 'OUTPUTS'])
  expect(lines[1]).toMatch(new RegExp(`^w1 +${runs.id} +RUNNING +runner `))
  expect(lines[2]).toMatch(new RegExp(`^w2 +${held.id} +PENDING \\(held by its user\\) +holder .* b c$`))
  expect(lines[3]).toMatch(new RegExp(`^w3 +${waits.id} +PENDING \\(it waits for another job\\) `))
  const told = await tell(box, ['jobs'])
  expect(told.results).toMatchObject([
    { job: 'w1', id: String(runs.id), state: 'running', word: 'RUNNING', name: 'runner', outputs: ['a'] },
    { job: 'w2', state: 'pending', reason: 'JobHeldUser', outputs: ['b', 'c'] },
    { job: 'w3', reason: 'Dependency' },
  ])
  await tell(box, ['cancel', 'w2', 'w3'])
  await gate.open()
})

test('however many jobs are open, Slurm is asked once', async () => {
  await using box = await sandboxWithDataset()
  for (let n = 0; n < 6; n++) await schedule(box, ['-o', `out/${n}`, 'sbatch', '--hold', 'job.sh', 'true'])
  for (const name of ['squeue', 'sacct', 'scontrol']) {
    box.write(
      `bin/${name}`,
      `#!/bin/sh\necho ${name} >>'${box.path('calls')}'\nexec /usr/bin/${name} "$@"\n`,
      0o755,
    )
  }
  const env = { PATH: `${box.path('bin')}:${box.environment()['PATH'] ?? ''}` }
  expect((await tell(box, ['jobs'], { env })).results).toHaveLength(6)
  expect(box.read('calls')).toBe('squeue\n')
  await tell(box, ['cancel', ...(await openJobs(box))])
})

test('cancel ends jobs but closes none, names those it does not know, and leaves others alone', async () => {
  await using box = await sandboxWithDataset()
  const first = await schedule(box, ['-o', 'a', 'sbatch', '--hold', 'job.sh', 'true'])
  const second = await schedule(box, ['-o', 'b', 'sbatch', '--hold', 'job.sh', 'true'])
  const told = await tell(box, ['cancel', String(first.id), 'w9'])
  expect(told.code).toBe(1)
  expect(told.results.map(({ status: how }) => how).toSorted()).toEqual(['impossible', 'ok'])
  expect(await jobEnded(box, first.id)).toEqual(['CANCELLED'])
  expect(await openJobs(box)).toEqual(['w1', 'w2'])
  const listed = await tell(box, ['jobs'])
  expect(listed.results).toMatchObject([{ state: 'ended', word: 'CANCELLED' }, { state: 'pending' }])
  await tell(box, ['cancel', second.job])
})

test('a running job is closed only by force, which leaves it running and frees its outputs', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const { id } = await schedule(box, ['-o', 'out', 'sbatch', 'job.sh', `${gate.line}; echo 1 >out`])
  await gate.reached()
  const refused = await tell(box, ['close', 'w1'])
  expect(refused.code).toBe(1)
  expect(refused.words).toContain('give it up all the same with --force')
  const forced = await tell(box, ['close', '--force', String(id)])
  expect(forced.code).toBe(0)
  expect(await openJobs(box)).toEqual([])
  const next = await schedule(box, ['-o', 'out', 'sbatch', '--hold', 'job.sh', 'true'])
  await tell(box, ['cancel', next.job])
  await gate.open()
  expect(await jobEnded(box, id)).toEqual(['COMPLETED'])
  const again = await tell(box, ['close', 'w1'])
  expect(again.results.map(({ status: how }) => how)).toEqual(['notneeded'])
})

test('an ended job that is closed has no record, and its files stay', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  expect((await tell(box, ['close', 'w1'])).code).toBe(0)
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  expect(box.read('ds/out')).toBe('1\n')
  expect((await finish(box)).results.map(({ status: how }) => how)).toEqual(['notneeded'])
})

test('show finds a record by commit, by job of either name, and by a file it made', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await scheduleToEnd(box, ['-i', 'job.sh', '-m', 'my words', ...write])
  await finish(box, [], { env: { WAYBILL_FACTS_WAIT: undefined } })
  const recorded = await box.git('ds', 'rev-parse', 'HEAD')
  await box.git('ds', 'commit', '-q', '--allow-empty', '-m', 'Later')
  const seen = new Set<string>()
  for (const target of [recorded, 'HEAD~1', String(id), 'w1', 'out', './out']) {
    const shown = await box.waybill(['show', target], { cwd: 'ds' })
    for (const word of [
      recorded,
      `Slurm job ${id}: Completed`,
      'COMPLETED',
      'exit code 0',
      'sbatch job.sh',
      'my words',
    ]) {
      expect(shown.stdout, target).toContain(word)
    }
    seen.add(shown.stdout)
  }
  expect(seen.size).toBe(1)
  const told = await tell(box, ['show', 'out'])
  expect(told.results).toHaveLength(1)
  const none = await tell(box, ['show', 'HEAD'])
  expect(none.code).toBe(1)
  expect(none.words).toContain('no record')
  expect((await tell(box, ['show', 'job.sh'])).words).toContain('no record made job.sh')
})

test('doctor says what is there and what is not, and changes nothing', async () => {
  await using box = await sandboxWithDataset()
  const well = await box.waybill(['doctor'], { cwd: 'ds' })
  for (const what of ['node', 'git', 'git-annex', 'slurm', 'ledger']) expect(well.stdout).toContain(what)
  expect(existsSync(box.path('ds/.git/waybill'))).toBe(false)
  const findings = (await box.waybill(['doctor', '--json'], { cwd: 'ds' })).stdout.trim().split('\n')
  for (const line of findings) expect(JSON.parse(line)).toHaveProperty('state')
  // An old git says its version, and prints an option that it does not know.
  const git =
    'case $1 in --version) echo git version 2.30.2;; *) echo --path-format=absolute; /usr/bin/git "$@";; esac'
  box.write('bin/git', `#!/bin/sh\n${git}\n`, 0o755)
  const env = { PATH: `${box.path('bin')}:${box.environment()['PATH'] ?? ''}` }
  const old = await box.waybill(['doctor'], { cwd: 'ds', env, allowFailure: true })
  expect(old.code).toBe(1)
  expect(old.stdout).toMatch(/^git +TOO OLD +2\.30\.2/m)
  // Where git has to be asked what a repository is.
  await box.git('ds', 'worktree', 'add', '-q', '../linked')
  expect((await tell(box, ['jobs'], { cwd: 'linked', env })).words).toContain('git is older than 2.31')
  expect(old.stdout).toContain('module avail git')
})

test('bash completes commands, options and files', async () => {
  await using box = await sandboxWithDataset()
  const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
    const quoted = words.map((word) => `'${word}'`).join(' ')
    const line = `source <(waybill completion bash); COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
      name=$(complete -p waybill | sed -E 's/.*-F ([^ ]+).*/\\1/'); "$name" waybill '${words.at(-1) ?? ''}' '${words.at(-2) ?? ''}'
      printf '%s\\n' "\${COMPREPLY[@]}"`
    return (await box.run(['bash', '-c', line], { cwd: 'ds' })).stdout.trim().split('\n')
  }
  expect(await complete('waybill', 'fin')).toEqual(['finish'])
  expect(await complete('waybill', 'sch')).toEqual(['schedule'])
  expect(await complete('waybill', 'finish', '--close')).toEqual(['--close-failed-jobs'])
  expect(await complete('waybill', 'finish', '--assume', '')).toEqual(['completed', 'failed'])
  expect(await complete('waybill', 'assets', 'li')).toEqual(['list'])
  expect(await complete('waybill', 'assets', 'check', '--js')).toEqual(['--json'])
  expect(await complete('waybill', 'slurm-finish', '-f', 'js')).toEqual(['json', 'json_pp'])
  expect((await box.run(['sh', '-c', 'waybill completion zsh; waybill completion fish'])).stdout).toContain(
    'finish',
  )
  const other = await box.waybill(['completion', 'tcsh'], { allowFailure: true })
  expect(other.code).toBe(2)
})

test('each command has help with examples, and the version is that of the package', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'none' })
  const help = (await box.waybill(['--help'])).stdout
  expect(help).toContain('Examples:')
  for (const command of [
    'schedule',
    'run',
    'jobs',
    'logs',
    'finish',
    'cancel',
    'close',
    'adopt',
    'reschedule',
    'show',
    'init',
    'assets',
    'trust',
    'doctor',
    'completion',
  ]) {
    expect(help).toContain(`  ${command}`)
    const own = await box.waybill([command, '--help'])
    expect(own.stdout, command).toMatch(/Examples:\n {2}(source|waybill)/)
    expect(own.stderr, command).toBe('')
  }
  expect((await box.waybill(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect((await box.waybill([], { allowFailure: true })).code).toBe(2)
})

test('an older Node says what to install, without a trace', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'none' })
  const old = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path))
  // The file itself must be readable to an old Node; what it says is told with a version that lies.
  const lie = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })`
  box.write('lie.cjs', lie)
  const told = await box.run(['node', '--require', box.path('lie.cjs'), box.runtime.entry, 'jobs'], {
    allowFailure: true,
  })
  expect(told.code).toBe(1)
  expect(told.stderr).toContain('this is Node 20.19.0, and Waybill needs Node 24 or newer')
  expect(told.stderr).not.toMatch(/\n\s+at /)
  if (old === undefined) return
  const version = (await box.run([old, '--version'])).stdout.trim()
  const real = await box.run([old, box.runtime.entry, '--version'], { allowFailure: true })
  if (Number(version.slice(1).split('.')[0]) < 24)
    expect(real.stderr).toContain(`this is Node ${version.slice(1)}`)
  else expect(real.code).toBe(0)
})

test("the folder of the ledger is the user's alone, and holds nothing of finished jobs but the ledger", async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  expect(statSync(box.path('ds/.git/waybill')).mode & 0o077).toBe(0)
  await finish(box)
  expect(await changesOf(box)).toContain('A out')
  expect((await recordOf(box)).title).toContain('Completed')
  expect(await status(box)).toBe('')
})

test('what waybill prints into a closed pipe is no error', async () => {
  await using box = await sandboxWithDataset()
  await schedule(box, ['-o', 'a', 'sbatch', '--hold', 'job.sh', 'true'])
  const piped = await box.run(['bash', '-c', 'set -o pipefail; waybill jobs | true'], { cwd: 'ds' })
  expect(piped.stderr).toBe('')
  await tell(box, ['cancel', 'w1'])
})

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JobToken, SchedulerJobId } from '../contract/ids.ts'
import type { SubmitRequest } from '../contract/scheduler.ts'
import { liveness } from '../process/identity.ts'
import { holdSubmission } from './submit.ts'
import { readTrace, readWitnesses } from './witnesses.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sub mit'\n-"))
  mkdirSync(join(dir, 'folder'))
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

/** A program that stands for sbatch: it notes its arguments and its input, and does what `body` says. */
function requestFor(
  body: string,
  words: readonly string[] = [],
  env: Record<string, string> = {},
): SubmitRequest {
  const program = join(dir, 'sbatch')
  writeFileSync(
    program,
    `#!/bin/bash --posix\ncd "$(dirname -- "$0")" || exit\nprintf '%s\\0' "$@" >args\ncat >input\n${body}\n`,
  )
  chmodSync(program, 0o755)
  return {
    token: 'abc' as JobToken,
    name: 'w1',
    words: [program, ...words],
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdinFile: null,
    folder: join(dir, 'folder'),
    array: null,
  }
}

function seen(): readonly string[] {
  return readFileSync(join(dir, 'args'), 'utf8').split('\0').slice(0, -1)
}

test('runs the words when told to, with our comment first', async () => {
  const words = ['-J', 'a\nb ü', '--', '-odd script', '']
  const held = await holdSubmission(requestFor('echo Submitted batch job 7; echo careful >&2', words))
  expect(liveness(held.process)).toBe('alive')
  expect(existsSync(join(dir, 'args'))).toBe(false)
  const ids: unknown[] = []
  const outcome = await held.go((...id) => ids.push(id))
  expect(outcome).toEqual({
    kind: 'submitted',
    id: '7',
    cluster: null,
    stdout: 'Submitted batch job 7\n',
    stderr: 'careful\n',
    exitCode: 0,
  })
  expect(ids).toEqual([['7', null]])
  expect(seen()).toEqual(['--comment=waybill:abc', ...words])
  expect(liveness(held.process)).toBe('dead')
})

test('an abandoned submission never runs', async () => {
  const held = await holdSubmission(requestFor('echo 7'))
  await held.abandon()
  expect(liveness(held.process)).toBe('dead')
  expect(readWitnesses(join(dir, 'folder'))).toBe('not-started')
  expect(existsSync(join(dir, 'args'))).toBe(false)
})

test('the id is known while sbatch still waits', async () => {
  execFileSync('mkfifo', [join(dir, 'gate')])
  const held = await holdSubmission(
    requestFor('echo Submitted batch job 7; cat gate; exit 3', ['--wait', 'a.sh']),
  )
  let told: (id: SchedulerJobId) => void = () => {}
  const early = new Promise<SchedulerJobId>((resolve) => (told = resolve))
  const outcome = held.go(told)
  expect(await early).toBe('7')
  expect(readWitnesses(join(dir, 'folder'))).toBe('unfinished')
  await (await open(join(dir, 'gate'), 'w')).close()
  expect(await outcome).toMatchObject({ kind: 'submitted', id: '7', exitCode: 3 })
})

test('of the usual submission no trace is kept; of one whose folder is gone the least is assumed', async () => {
  const request = requestFor('echo 7')
  await (await holdSubmission(request)).go()
  expect(readTrace(request.folder)).toEqual({ clusters: null, ownComment: false, submitsNothing: false })
  rmSync(request.folder, { recursive: true })
  expect(readTrace(request.folder)).toMatchObject({ ownComment: true })
})

test('gives the command its input', async () => {
  const stdinFile = join(dir, 'typed')
  writeFileSync(stdinFile, '#!/bin/sh\n#SBATCH --comment=theirs\n')
  const request = requestFor('echo 7')
  await (await holdSubmission({ ...request, stdinFile })).go()
  expect(readFileSync(join(dir, 'input'), 'utf8')).toBe('#!/bin/sh\n#SBATCH --comment=theirs\n')
  expect(seen()).toEqual(['--comment=waybill:abc', '--comment=theirs'])
  expect(readTrace(request.folder)).toMatchObject({ ownComment: true, clusters: null })
})

test('a comment in the script is said again, with all that is in it', async () => {
  writeFileSync(join(dir, 'a.sh'), '#!/bin/sh\n#SBATCH --comment="two  words" -M far,near\n')
  const request = requestFor('echo "7;far"', ['a.sh'])
  await (await holdSubmission(request)).go()
  expect(seen()).toEqual(['--comment=waybill:abc', '--comment=two  words', 'a.sh'])
  expect(readTrace(request.folder)).toEqual({
    ownComment: true,
    clusters: ['far', 'near'],
    submitsNothing: false,
  })
})

test('functions that bash exported reach the job', async () => {
  // Files of bash's own that would end it are not read.
  writeFileSync(join(dir, '.bashrc'), 'exit 1\n')
  const env = {
    'BASH_FUNC_module%%': '() {  echo loaded\n}',
    BASH_ENV: join(dir, '.bashrc'),
    HOME: dir,
    'a.b': '1',
  }
  await (await holdSubmission(requestFor('env -0 >env; echo 7', [], env))).go()
  const reached = readFileSync(join(dir, 'env'), 'utf8').split('\0')
  expect(reached).toContain('BASH_FUNC_module%%=() {  echo loaded\n}')
})

test('an exported function does not stand in for the program', async () => {
  const env = { 'BASH_FUNC_sbatch%%': '() {  echo fooled\n}' }
  const request = requestFor('echo 7')
  const path = `${dir}:${request.env['PATH']}`
  const named = { ...request, words: ['sbatch', 'a.sh'], env: { ...request.env, ...env, PATH: path } }
  expect(await (await holdSubmission(named)).go()).toMatchObject({ kind: 'submitted', id: '7' })
})

test('a missing program is a refusal', async () => {
  const request = { ...requestFor(''), words: ['no-such-sbatch', 'a.sh'] }
  expect(await (await holdSubmission(request)).go()).toMatchObject({ kind: 'refused', exitCode: 127 })
})

test('where the witnesses cannot be written nothing runs', async () => {
  const request = requestFor('echo 7')
  mkdirSync(join(request.folder, 'stdout'))
  expect(await (await holdSubmission(request)).go()).toMatchObject({ kind: 'refused' })
  expect(existsSync(join(dir, 'args'))).toBe(false)
})

/** Holds a submission in a process of its own, which is then killed: before it says go, or right after. */
async function holdAndDie(request: SubmitRequest, say: 'nothing' | 'go'): Promise<void> {
  const module = JSON.stringify(new URL('submit.ts', import.meta.url).href)
  const script = `
    const { holdSubmission } = await import(${module})
    const held = await holdSubmission(JSON.parse(process.env.REQUEST))
    ${say === 'go' ? 'void held.go()' : ''}
    process.stdout.write('held\\n')
    setInterval(() => {}, 1000)`
  const env = { ...process.env, REQUEST: JSON.stringify(request) }
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
}

test('it ends without running when we are killed before go', async () => {
  const request = requestFor('echo 7')
  await holdAndDie(request, 'nothing')
  expect(readWitnesses(request.folder)).toBe('not-started')
  expect(existsSync(join(dir, 'args'))).toBe(false)
})

test('it goes on and leaves its witnesses when we are killed after go', async () => {
  execFileSync('mkfifo', [join(dir, 'gate')])
  const request = requestFor('cat gate; echo Submitted batch job 7 on cluster c; echo more >&2; exit 0')
  await holdAndDie(request, 'go')
  // The command stands at the gate: opening it succeeds only because somebody reads.
  await (await open(join(dir, 'gate'), 'w')).close()
  const watched = await waitForExit(request.folder)
  expect(watched).toMatchObject({ kind: 'submitted', id: '7', cluster: 'c', stderr: 'more\n', exitCode: 0 })
})

async function waitForExit(folder: string): Promise<ReturnType<typeof readWitnesses>> {
  for (;;) {
    const found = readWitnesses(folder)
    if (typeof found === 'object') return found
    await new Promise((resolve) => setImmediate(resolve))
  }
}

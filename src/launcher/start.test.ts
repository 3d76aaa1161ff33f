import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { contextFile, messagesFile } from './folder.ts'
import { listMarkers, readEnd, readStart } from './markers.ts'
import { catches, shells, TestJob } from './test-job.ts'

describe.each(shells.map((shell) => ({ shell })))('started by $shell.0', ({ shell }) => {
  let job: TestJob
  beforeEach(() => {
    job = new TestJob(shell)
  })
  afterEach(() => job.dispose())

  const end = (): unknown => readEnd(job.folder, 0, 0)

  test('a payload gets its words, variables and directory, whatever they hold', async () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...'\'"\\$`!*?~#;&|<>=% \t\n-'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).filter((letter) => letter !== '\0'),
      ),
      maxLength: 12,
    })
    const cwd = join(job.root, '-a \'b\' "c" $d\n')
    mkdirSync(cwd)
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), text, async (words, value) => {
        job.write(['sh', '-c', 'printf "%s\\0" "$PWD" "$VALUE" "$@"', 'sh', ...words], {
          cwd,
          env: { VALUE: value },
        })
        const { code, output } = await job.run()
        expect(output.split('\0')).toEqual([cwd, value, ...words, ''])
        expect(code).toBe(0)
      }),
      { numRuns: 12 },
    )
  })

  test('markers say where, when and how it ran; the folder is its owner’s alone', async () => {
    job.write(['sh', '-c', 'exit 3'])
    const before = Date.now() / 1000
    expect(
      await job.run({ SLURMD_NODENAME: 'n1', SLURM_JOB_ID: '42', SLURM_ARRAY_JOB_ID: '41' }),
    ).toMatchObject({ code: 3 })
    const start = readStart(job.folder, 0, 0)
    expect(start).toMatchObject({ host: 'n1', job: '42', array: '41' })
    expect(start?.started).toBeGreaterThan(before - 1)
    expect(end()).toMatchObject({ code: 3, signal: null, started: start?.started })
    expect(readdirSync(job.folder).toSorted()).toEqual(['markers', 'messages', 'payload.sh'])
    expect(modesOf(job.folder, ['', 'messages'])).toEqual([0o700, 0o700])
  })

  test('in a clone of a group its members read messages and markers; the payload has its own mask', async () => {
    const shared = { file: 0o660, directory: 0o2770 }
    job.write(['sh', '-c', 'umask >mask; echo "{}" >>"$SAYS"'], {
      shared,
      env: { SAYS: messagesFile(job.folder, 0) },
    })
    expect(await job.run({}, 'umask 077;')).toMatchObject({ code: 0, output: '' })
    expect(readFileSync(join(job.root, 'mask'), 'utf8')).toBe('0077\n')
    const read = ['', 'messages', 'markers', 'messages/0', 'markers/0.0.start', 'markers/0.0.end']
    expect(modesOf(job.folder, read)).toEqual([0o2770, 0o2770, 0o2770, 0o660, 0o660, 0o660])
    expect(modesOf(job.folder, ['payload.sh'])).toEqual([0o600])
  })

  test('nothing is needed of the job’s own variables', async () => {
    job.write(['sh', '-c', 'env'], { env: { A: "it's\n" }, context: '{"a": 1}' })
    const { code, output } = await job.run({ PATH: undefined }, 'unset PATH PWD OLDPWD;')
    expect(code).toBe(0)
    expect(output).toMatch(/^A=it's\n$/m)
    expect(output).not.toMatch(/_wb_|OLDPWD/)
    expect(readFileSync(contextFile(job.folder, null), 'utf8')).toBe('{"a": 1}')
  })

  test('a signal that ends the payload is a code above 128', async () => {
    job.write(['sh', '-c', 'kill -s KILL $$'])
    expect(await job.run()).toMatchObject({ code: 137, signal: null })
    expect(end()).toMatchObject({ code: 137, signal: 9 })
  })

  test.each(['HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'TERM'] as const)(
    'SIG%s reaches the payload, which may go on',
    async (signal) => {
      job.write([
        'sh',
        '-c',
        `trap 'echo got' ${signal}; trap 'exit 7' ABRT; echo ready; while :; do sleep 0.02; done`,
      ])
      const { child, ended } = job.start()
      // Not only until it catches that signal: every shell has a handler for SIGINT of its own from the beginning.
      await job.ready()
      child.kill(`SIG${signal}`)
      await job.printed('got')
      expect(end()).toBeNull()
      process.kill(await payloadOf(child.pid), 'SIGABRT')
      expect(await ended).toMatchObject({ code: 7 })
      expect(end()).toMatchObject({ code: 7, signal: null })
    },
  )

  test('a payload that heeds no signal ends by it, and a burst of them ends nothing early', async () => {
    job.write(['sleep', '60'])
    const { child, ended } = job.start()
    await until(() => isSleep(child.pid) && catches(child.pid, 'SIGTERM'))
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    child.kill('SIGCONT')
    expect(await ended).toMatchObject({ code: 143 })
    expect(end()).toMatchObject({ code: 143, signal: 15 })
    const over = join(job.root, 'over')
    const line = `trap : TERM USR1 USR2; echo ready; until [ -e '${over}' ]; do sleep 0.05; done; exit 127`
    job.write(['sh', '-c', line])
    const second = job.start()
    await job.printed('ready')
    await until(() => catches(second.child.pid, 'SIGTERM'))
    // By a shell's own kill, one right behind the other.
    const burst = 'for i in 1 2 3 4 5 6 7 8; do for s in TERM USR1 USR2 CONT; do kill -s $s "$0"; done; done'
    for (let i = 0; i < 15; i++) {
      execFileSync('sh', ['-c', burst, String(second.child.pid)])
      await new Promise((wake) => setTimeout(wake, 15))
    }
    writeFileSync(over, '')
    expect(await second.ended).toMatchObject({ code: 127 })
    expect(end()).toMatchObject({ code: 127 })
  })

  test('a signal at any moment of the start ends the job', async () => {
    job.write(['sleep', '5'])
    for (let delay = 0; delay < 30; delay += 2) {
      const { child, ended } = job.start()
      await new Promise((wake) => setTimeout(wake, delay))
      child.kill('SIGTERM')
      const { code, signal } = await ended
      expect(signal ?? code).toBe(signal === null ? 143 : 'SIGTERM')
    }
  })

  test('a payload that forks and exits has ended', async () => {
    job.write(['sh', '-c', 'sleep 60 & echo "$!"; exit 4'])
    const { code, output } = await job.run()
    process.kill(Number(output), 'SIGKILL')
    expect(code).toBe(4)
    expect(end()).toMatchObject({ code: 4 })
  })

  test('killed with its script, it leaves a start and no end', async () => {
    job.write(['sh', '-c', 'echo ready; exec sleep 60'])
    const { child, ended } = job.start()
    await job.printed('ready')
    const payload = await payloadOf(child.pid)
    child.kill('SIGKILL')
    expect(await ended).toMatchObject({ signal: 'SIGKILL' })
    process.kill(payload, 'SIGKILL')
    expect(listMarkers(job.folder)).toEqual([{ task: 0, attempt: 0, kind: 'start' }])
  })

  test('a program of the system is not read to see whether it is a script', async () => {
    const calls = join(job.root, 'calls')
    job.write(['sh', '-c', ':'])
    // A shell reads a line byte by byte, and a program has its first newline far behind its beginning.
    await job.run({}, `set -- strace -f -qq -e trace=read -o '${calls}' "$@";`)
    const reads = readFileSync(calls, 'utf8').split('\n')
    expect(reads.filter((line) => line.includes('read(0,')).length).toBeLessThan(500)
    expect(end()).toMatchObject({ code: 0 })
  })

  test('what cannot be started says why', async () => {
    const tool = join(job.root, 'tool.py')
    writeFileSync(tool, '#! /no/such/python -u\n', { mode: 0o755 })
    job.write([tool])
    expect(await job.run()).toMatchObject({
      code: 127,
      output: expect.stringContaining('tool.py needs /no/such/python, which'),
    })
    chmodSync(tool, 0o644)
    expect((await job.run()).code).toBeGreaterThan(125)
    job.write(['no-such-program', 'x'])
    expect(await job.run()).toMatchObject({
      code: 127,
      output: expect.stringContaining("no program 'no-such-program' on"),
    })
    job.write(['true'], { cwd: join(job.root, 'gone') })
    expect(await job.run()).toMatchObject({
      code: 125,
      output: expect.stringContaining('no working directory'),
    })
    expect(end()).toMatchObject({ code: 125 })
  })

  test('programs by odd names, and with an odd PATH', async () => {
    const bin = join(job.root, 'bin')
    mkdirSync(bin)
    for (const name of ['-x', 'A=b', 'if']) {
      writeFileSync(join(bin, name), '#!/bin/sh\necho "got $1"\n', { mode: 0o755 })
      job.write([name, '--'], { env: { PATH: bin } })
      expect(await job.run()).toMatchObject({ code: 0, output: 'got --\n' })
    }
  })

  test('a full disk changes no exit code, and starts no payload with half of what it is told', async () => {
    const full = "trap '' XFSZ; ulimit -f 0;"
    job.write(['sh', '-c', 'exit 6'])
    writeFileSync(join(job.root, 'log'), '')
    const { code } = await job.run({}, full)
    expect(code).toBe(6)
    expect(listMarkers(job.folder)).toEqual([])
    job.write(['sh', '-c', 'exit 6'], { context: '{}' })
    expect(await job.run({}, full)).toMatchObject({ code: 125 })
  })
})

function modesOf(folder: string, names: readonly string[]): readonly number[] {
  return names.map((name) => statSync(join(folder, name)).mode & 0o7777)
}

async function until(question: () => boolean): Promise<void> {
  while (!question()) await new Promise((wake) => setTimeout(wake, 10))
}

/** Whether the one child of a shell has become a `sleep`. */
function isSleep(pid: number | undefined): boolean {
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  try {
    return /^\d+$/.test(child) && readFileSync(`/proc/${child}/comm`, 'utf8') === 'sleep\n'
  } catch {
    return false
  }
}

/** The one child of a shell. */
async function payloadOf(pid: number | undefined): Promise<number> {
  const path = `/proc/${pid}/task/${pid}/children`
  await until(() => readFileSync(path, 'utf8').trim() !== '')
  return Number(readFileSync(path, 'utf8').trim())
}

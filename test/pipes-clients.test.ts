import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { demand } from '../dev/setup/command.ts'
import { contextFile, messagesFile } from '../src/launcher/folder.ts'
import { readEnd } from '../src/launcher/markers.ts'
import { shells, TestJob } from '../src/launcher/test-job.ts'
import { conclude, type Conclusion } from '../src/pipes/conclude.ts'
import { assetKey, contextData } from '../src/pipes/context.ts'
import { payloadEnvironment } from '../src/pipes/environment.ts'
import type { PipesEvent } from '../src/pipes/event.ts'
import { readMessages } from '../src/pipes/read-messages.ts'

const payloads = join(import.meta.dirname, 'support/pipes')
const { peersBin } = inject('runtime')

let job: TestJob

/** Runs a payload in a job of its own, and gives all that it said and what that amounts to. */
async function materialize(words: readonly string[]): Promise<{
  readonly said: readonly PipesEvent[]
  readonly conclusion: Conclusion
  readonly output: string
}> {
  const context = contextData({
    asset_keys: [assetKey(['models', 'a/b'])],
    code_version_by_asset_key: { 'models/a\\/b': 'c1' },
    provenance_by_asset_key: { 'models/a\\/b': null },
    partition_key: 'gold "é"\n',
    partition_key_range: { start: 'a', end: 'b' },
    run_id: 'w7',
    job_name: 'train',
    retry_number: 1,
    extras: { depth: 3, list: ["it's"] },
  })
  job.write(words, {
    env: payloadEnvironment({
      context: contextFile(job.folder, null),
      messages: messagesFile(job.folder, 0),
    }),
    context: JSON.stringify(context),
  })
  const { output } = await job.run()
  const said = [...readMessages(messagesFile(job.folder, 0), null, true)].flatMap(({ events }) => events)
  const end = readEnd(job.folder, 0, 0)
  if (end === null) throw new Error(`no end marker: ${output}`)
  return { said, conclusion: conclude(said, end), output }
}

describe.each(shells.map((shell) => ({ shell })))('dagster-pipes, started by $shell.0', ({ shell }) => {
  beforeEach(() => {
    job = new TestJob(shell)
  })
  afterEach(() => job.dispose())

  const python = async (how: string): ReturnType<typeof materialize> =>
    materialize([join(peersBin, 'python'), join(payloads, 'payload.py'), how])

  test('a payload gets its context, and what it says arrives', async () => {
    const { said, conclusion, output } = await python('return')
    expect(output).toBe('')
    expect(said.map(({ offset: _offset, ...event }) => event)).toEqual([
      { kind: 'opened', extras: {} },
      { kind: 'log', via: 'pipes', level: 'WARNING', message: 'naïve\nlog' },
      {
        kind: 'custom',
        via: 'pipes',
        payload: {
          asset_key: 'models/a\\/b',
          partition_key: 'gold "é"\n',
          partition_key_range: { start: 'a', end: 'b' },
          code_version: 'c1',
          provenance: null,
          run_id: 'w7',
          job_name: 'train',
          retry_number: 1,
          extras: { depth: 3, list: ["it's"] },
        },
      },
      {
        kind: 'materialization',
        via: 'pipes',
        assetKey: 'models/a\\/b',
        dataVersion: 'v1',
        metadata: {
          rows: { raw_value: 3, type: 'int' },
          loss: { raw_value: 'NaN', type: 'float' },
          worst: { raw_value: '-Infinity', type: 'float' },
          page: { raw_value: 'https://example.org', type: 'url' },
          shape: { raw_value: [1, 2], type: 'json' },
        },
      },
      {
        kind: 'check',
        via: 'pipes',
        assetKey: 'models/a\\/b',
        checkName: 'enough',
        passed: false,
        severity: 'WARN',
        metadata: { share: { raw_value: 0.5, type: 'float' } },
      },
      { kind: 'stream', stream: 'stdout', text: 'half a li' },
      { kind: 'closed', exception: null },
    ])
    expect(conclusion).toEqual({ outcome: 'ok', why: { kind: 'ended-well' }, warnings: [] })
  })

  test('an exception arrives with its cause, beside the exit code', async () => {
    const { conclusion, output } = await python('raise')
    expect(output).toContain('ValueError: outer')
    const cause = { name: 'KeyError', message: expect.stringContaining("KeyError: 'inner'") }
    const exception = { name: 'ValueError', message: expect.stringContaining('ValueError: outer'), cause }
    expect(conclusion).toMatchObject({ outcome: 'failed', why: { kind: 'exit-code', code: 1, exception } })
  })

  test('an exception with exit code 0 is a failure', async () => {
    const { conclusion } = await python('swallow')
    expect(conclusion).toMatchObject({
      outcome: 'failed',
      why: { kind: 'exception', exception: { message: 'given up', name: null } },
    })
  })
})

test('dagster_pipes_rust, where there is cargo: its context arrives, and what it says', async (context) => {
  if (spawnSync('cargo', ['--version']).status !== 0) context.skip('there is no cargo on this machine')
  const target = join(peersBin, '../../pipes-rust')
  const manifest = join(payloads, 'rust/Cargo.toml')
  demand('cargo', ['build', '--quiet', '--locked', '--manifest-path', manifest, '--target-dir', target], {
    show: true,
  })
  const program = join(target, 'debug/pipes-payload')
  job = new TestJob(['/bin/sh'])
  const { said, conclusion, output } = await materialize([program])
  job.dispose()
  expect(output).toBe('')
  expect(said.map(({ offset: _offset, ...event }) => event)).toEqual([
    { kind: 'opened', extras: expect.anything() },
    { kind: 'log', via: 'pipes', level: 'INFO', message: 'hello' },
    {
      kind: 'custom',
      via: 'pipes',
      payload: {
        asset_keys: ['models/a\\/b'],
        partition_key: 'gold "é"\n',
        run_id: 'w7',
        extras: { depth: 3, list: ["it's"] },
      },
    },
    {
      kind: 'materialization',
      via: 'pipes',
      assetKey: 'models/gold',
      dataVersion: 'v1',
      metadata: { page: { raw_value: 'https://example.org', type: 'url' } },
    },
    {
      kind: 'check',
      via: 'pipes',
      assetKey: 'models/gold',
      checkName: 'enough',
      passed: true,
      severity: 'ERROR',
      metadata: {},
    },
    { kind: 'closed', exception: null },
    { kind: 'closed', exception: null },
  ])
  expect(conclusion).toEqual({ outcome: 'ok', why: { kind: 'ended-well' }, warnings: [] })
}, 300_000)

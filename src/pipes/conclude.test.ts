import { expect, test } from 'vitest'
import { conclude, type Conclusion } from './conclude.ts'
import type { PipesEvent, Said } from './event.ts'

const opened: Said = { kind: 'opened', extras: {} }
const closed: Said = { kind: 'closed', exception: null }
const log: Said = { kind: 'log', via: 'pipes', level: 'INFO', message: 'm' }
const exception = { message: 'boom', name: 'E', stack: [], cause: null, context: null }
const failed: Said = { kind: 'closed', exception }
const made = (assetKey: string | null): Said => ({
  kind: 'materialization',
  via: 'pipes',
  assetKey,
  dataVersion: null,
  metadata: {},
})

function after(said: readonly Said[], code = 0, signal: number | null = null): Conclusion {
  return conclude(
    said.map((event, offset): PipesEvent => ({ ...event, offset })),
    { code, signal },
  )
}
const warnings = (said: readonly Said[]): readonly unknown[] => after(said).warnings

test('the exit code alone decides when nothing was said', () => {
  expect(after([])).toEqual({ outcome: 'ok', why: { kind: 'nothing-said' }, warnings: [] })
  expect(after([], 3)).toMatchObject({
    outcome: 'failed',
    why: { kind: 'exit-code', code: 3, exception: null },
  })
  expect(after([], 0, 9)).toMatchObject({ outcome: 'failed', why: { kind: 'signal', signal: 9 } })
})

test('an exception is a failure, whatever the exit code, and stands beside a bad one', () => {
  expect(after([opened, log, closed])).toEqual({ outcome: 'ok', why: { kind: 'ended-well' }, warnings: [] })
  expect(after([opened, failed])).toMatchObject({ outcome: 'failed', why: { kind: 'exception', exception } })
  // Rust closes again when its context goes out of scope.
  expect(after([opened, failed, closed])).toMatchObject({ outcome: 'failed', warnings: [] })
  expect(after([opened, failed], 1)).toMatchObject({ why: { kind: 'exit-code', code: 1, exception } })
})

test('an unknown method is a failure', () => {
  expect(after([opened, { kind: 'unknown-method', method: 'x' }, closed])).toMatchObject({
    outcome: 'failed',
    why: { kind: 'unknown-method', method: 'x' },
  })
})

test('what is missing, late, said again or broken is a warning', () => {
  expect(warnings([log, closed])).toEqual([{ kind: 'not-opened' }])
  expect(warnings([opened, log])).toEqual([{ kind: 'not-closed' }])
  expect(warnings([opened, closed, log, log])).toEqual([{ kind: 'after-closed', messages: 2 }])
  expect(warnings([opened, closed, opened, log, closed])).toEqual([])
  expect(warnings([opened, opened, closed, log])).toEqual([{ kind: 'not-closed' }])
  expect(warnings([opened, made('a'), made('b'), made('a'), closed])).toEqual([
    { kind: 'materialized-again', assetKey: 'a', times: 2 },
  ])
  expect(warnings([{ kind: 'bad-line', why: 'json', text: '' }, { kind: 'restarted' }])).toEqual([
    { kind: 'bad-lines', lines: 1 },
    { kind: 'restarted', times: 1 },
  ])
})

test('plain lines need not be opened or closed', () => {
  expect(after([{ ...log, via: 'plain' }])).toEqual({
    outcome: 'ok',
    why: { kind: 'ended-well' },
    warnings: [],
  })
})

test('only the newest attempt counts', () => {
  expect(after([opened, failed, { kind: 'attempt', attempt: 1 }, opened, closed])).toMatchObject({
    outcome: 'ok',
    warnings: [],
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PipesEvent } from './event.ts'
import { parseLine } from './parse-line.ts'

const said = (text: string): PipesEvent | null => parseLine(Buffer.from(text), 7)
const pipes = (method: string, params: unknown): PipesEvent | null =>
  said(JSON.stringify({ __dagster_pipes_version: '0.1', method, params }))

describe('a message of Dagster Pipes', () => {
  test('each method is an event', () => {
    expect(pipes('opened', { extras: { a: 1 } })).toEqual({ kind: 'opened', extras: { a: 1 }, offset: 7 })
    expect(pipes('log', { message: 'm', level: 'ERROR' })).toMatchObject({ kind: 'log', level: 'ERROR' })
    expect(
      pipes('report_asset_materialization', {
        asset_key: 'a/b',
        data_version: null,
        metadata: {
          rows: { raw_value: 3, type: '__infer__' },
          page: { raw_value: 'https://example.org', type: 'url' },
          run: { raw_value: 'j', type: 'job' },
          table: { raw_value: { x: [1] }, type: '__infer__' },
        },
      }),
    ).toEqual({
      kind: 'materialization',
      via: 'pipes',
      assetKey: 'a/b',
      dataVersion: null,
      metadata: {
        rows: { raw_value: 3, type: 'int' },
        page: { raw_value: 'https://example.org', type: 'url' },
        run: { raw_value: 'j', type: 'job' },
        table: { raw_value: { x: [1] }, type: 'json' },
      },
      offset: 7,
    })
    expect(
      pipes('report_asset_check', {
        asset_key: 'a',
        check_name: 'c',
        passed: false,
        severity: 'WARN',
        metadata: null,
      }),
    ).toMatchObject({ kind: 'check', checkName: 'c', passed: false, severity: 'WARN', metadata: {} })
    expect(pipes('report_custom_message', { payload: null })).toMatchObject({ kind: 'custom', payload: null })
    expect(pipes('log_external_stream', { stream: 'stderr', text: 'half a l' })).toMatchObject({
      kind: 'stream',
      text: 'half a l',
    })
    expect(pipes('report_lunch', null)).toMatchObject({ kind: 'unknown-method', method: 'report_lunch' })
  })

  test('an exception in `closed` as Python and as Rust say it, and none', () => {
    const cause = { message: 'inner', stack: [], name: null, cause: null, context: null }
    const exception = { message: 'boom', name: 'ValueError', stack: ['a', 'b'], cause, context: null }
    const closed = { kind: 'closed', exception, offset: 7 }
    expect(pipes('closed', { exception })).toEqual(closed)
    expect(pipes('closed', exception)).toEqual(closed)
    for (const clean of [{}, null, { exception: null }]) {
      expect(pipes('closed', clean)).toEqual({ kind: 'closed', exception: null, offset: 7 })
    }
  })

  test('parameters that are not those of the method are a bad line', () => {
    const bad = { kind: 'bad-line', why: 'message' }
    expect(pipes('log', { level: 'INFO' })).toMatchObject(bad)
    expect(pipes('log', ['m'])).toMatchObject(bad)
    expect(pipes('report_asset_check', { asset_key: 'a', check_name: 'c', passed: 'yes' })).toMatchObject(bad)
    expect(said('{"__dagster_pipes_version": "0.1"}')).toMatchObject(bad)
  })
})

describe('a plain line', () => {
  test('is told by its key', () => {
    expect(said('{"log": "hello", "level": "debug"}')).toMatchObject({ kind: 'log', level: 'DEBUG' })
    expect(said('{"log": "hello"}')).toMatchObject({ kind: 'log', level: 'INFO', via: 'plain' })
    expect(said('{"metadata": {"rows": 3, "__proto__": true}}')).toMatchObject({
      kind: 'materialization',
      assetKey: null,
      dataVersion: null,
    })
    expect(JSON.stringify(said('{"metadata": {"__proto__": true}}'))).toContain(
      '"__proto__":{"raw_value":true',
    )
    expect(said('{"data_version": "v1", "asset": "a"}')).toMatchObject({ dataVersion: 'v1', assetKey: 'a' })
    expect(said('{"check": "c", "passed": true}')).toMatchObject({ kind: 'check', severity: 'ERROR' })
    expect(said('{"waybill_attempt": 2}')).toMatchObject({ kind: 'attempt', attempt: 2 })
  })

  test('of which nothing is known is a custom message', () => {
    expect(said('{"check": "c", "passed": "maybe"}')).toMatchObject({
      kind: 'custom',
      payload: { check: 'c', passed: 'maybe' },
    })
    expect(said('{}')).toMatchObject({ kind: 'custom', payload: {} })
  })
})

test('numbers as Python writes them, and those that a double cannot hold', () => {
  const line =
    '{"metadata": {"a": NaN, "b": -Infinity, "c": "NaN", "d": 12345678901234567890, "e": [Infinity, "\\"NaN"], "f": 2.5, "g": true, "h": null, "i": 1e400}}'
  expect(said(line)).toMatchObject({
    metadata: {
      a: { raw_value: 'NaN', type: 'float' },
      b: { raw_value: '-Infinity', type: 'float' },
      c: { raw_value: 'NaN', type: 'text' },
      d: { raw_value: '12345678901234567890', type: 'int' },
      e: { raw_value: ['Infinity', '"NaN'], type: 'json' },
      f: { raw_value: 2.5, type: 'float' },
      g: { raw_value: true, type: 'bool' },
      h: { raw_value: null, type: 'null' },
      i: { raw_value: 'Infinity', type: 'float' },
    },
  })
})

test('blank lines say nothing, bad ones are shown by their beginning, broken text is replaced and noted', () => {
  expect(said(' \r')).toBeNull()
  expect(said(`NaN of ${'x'.repeat(300)}`)).toEqual({
    kind: 'bad-line',
    why: 'json',
    text: `NaN of ${'x'.repeat(193)}`,
    offset: 7,
  })
  expect(said('[1]')).toMatchObject({ kind: 'bad-line', why: 'json' })
  expect(said('{"log": "m"')).toMatchObject({ kind: 'bad-line', why: 'json' })
  expect(said(`{"a": ${'['.repeat(300)}${']'.repeat(300)}}`)).toMatchObject({ why: 'too-deep' })
  expect(said(`{"a": ${'['.repeat(1e6)}${']'.repeat(1e6)}}`)).toMatchObject({ why: 'too-deep' })
  expect(parseLine(Buffer.from('{"log": "caf\xe9"}', 'latin1'), 0)).toEqual({
    kind: 'log',
    via: 'plain',
    level: 'INFO',
    message: 'caf\uFFFD',
    offset: 0,
    broken: true,
  })
  expect(said('\uFEFF{"log": "m"}\r')).toMatchObject({ kind: 'log', message: 'm' })
})

test('no line throws, or takes long, and each event is strict JSON', () => {
  const words = fc.constantFrom(
    ...'{ } [ ] " \\ : , NaN Infinity - 0 1e999 12345678901234567890 null true "log" "metadata" "method"'.split(
      ' ',
    ),
    '"__dagster_pipes_version"',
    '\ud800',
  )
  const line = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(words).map((parts) => Buffer.from(parts.join(''))),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record({ method: fc.constantFrom('closed', 'log', 'opened', 'x'), params: fc.jsonValue() })
      .map((message) => Buffer.from(JSON.stringify({ __dagster_pipes_version: '0.1', ...message }))),
  )
  fc.assert(
    fc.property(line, (bytes) => {
      const event = parseLine(bytes, 0)
      expect(JSON.parse(JSON.stringify(event))).toEqual(event)
    }),
    { numRuns: 500 },
  )
  // Tried anew from each character these would outlast the test's time.
  said(`NaN"${'\\"'.repeat(2_000_000)}`)
  said(`{"a": ${'9'.repeat(2_000_000)}}`)
})

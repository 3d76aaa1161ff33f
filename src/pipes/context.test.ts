import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assetKey, assetKeyParts, contextData } from './context.ts'
import { payloadEnvironment } from './environment.ts'

test('a context has every key of the protocol', () => {
  expect(contextData({ run_id: 'r', asset_keys: ['a'], retry_number: 2 })).toEqual({
    asset_keys: ['a'],
    code_version_by_asset_key: null,
    provenance_by_asset_key: null,
    partition_key: null,
    partition_key_range: null,
    partition_time_window: null,
    run_id: 'r',
    job_name: null,
    retry_number: 2,
    extras: {},
  })
})

test('an asset key is its parts, escaped, and gives them back', () => {
  expect(assetKey(['a/b', 'c\\', 'd'])).toBe('a\\/b/c\\\\/d')
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('/', '\\', 'a', '\n', 'é') }), { minLength: 1 }),
      (parts) => {
        expect(assetKeyParts(assetKey(parts))).toEqual(parts)
      },
    ),
  )
})

test('a payload finds its context and its messages by their paths', () => {
  const env = payloadEnvironment({ context: '/j/context/0', messages: '/j/é' })
  const decode = (value: string | undefined): unknown =>
    JSON.parse(inflateSync(Buffer.from(value ?? '', 'base64')).toString())
  expect(decode(env['DAGSTER_PIPES_CONTEXT'])).toEqual({ path: '/j/context/0' })
  expect(decode(env['DAGSTER_PIPES_MESSAGES'])).toEqual({ path: '/j/é' })
  expect(env['WAYBILL_MESSAGES']).toBe('/j/é')
})

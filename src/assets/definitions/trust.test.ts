import { chmodSync, mkdtempSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findDefinitions } from './find-file.ts'
import { loadDefinitions } from './load.ts'
import { addTrust, trustedFile, trustIn } from './trust.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-trust-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('the list lies in the configuration of the user', () => {
  expect(trustedFile({ XDG_CONFIG_HOME: '/c', HOME: '/h' })).toBe('/c/waybill/trusted.json')
  expect(trustedFile({ XDG_CONFIG_HOME: 'relative', HOME: '/h' })).toBe('/h/.config/waybill/trusted.json')
  expect(trustedFile({})).toBe(null)
})

test('trust is in these bytes at this path, and in nothing that others could have written', () => {
  const list = join(folder, 'a/b/trusted.json')
  const code = Buffer.from('1')
  expect(trustIn(list, '/x', code)).toBe('no')
  addTrust(list, '/x', code)
  addTrust(list, '/y', code)
  expect(statSync(list).mode & 0o777).toBe(0o600)
  expect([trustIn(list, '/x', code), trustIn(list, '/y', code), trustIn(list, '/z', code)]).toEqual([
    'yes',
    'yes',
    'no',
  ])
  expect(trustIn(list, '/x', Buffer.from('2'))).toBe('changed')
  expect(trustIn(list, 'constructor', code)).toBe('no')
  chmodSync(list, 0o622)
  expect(trustIn(list, '/x', code)).toBe('no')
  writeFileSync(list, 'no JSON')
  chmodSync(list, 0o600)
  expect(trustIn(list, '/x', code)).toBe('no')
  addTrust(list, '/x', code)
  expect(trustIn(list, '/x', code)).toBe('yes')
})

test('the file is looked for here and above, up to the root; two in one folder are one too many', () => {
  const root = join(folder, 'root')
  mkdirSync(join(root, 'a/b'), { recursive: true })
  writeFileSync(join(folder, 'waybill.yaml'), '')
  const find = () => findDefinitions(join(root, 'a/b'), root)
  expect(find()).toMatchObject({ failure: { kind: 'no-definitions', root } })
  writeFileSync(join(root, 'waybill.config.ts'), '')
  expect(find()).toEqual({ ok: true, value: join(root, 'waybill.config.ts') })
  writeFileSync(join(root, 'a/waybill.yaml'), '')
  expect(find()).toEqual({ ok: true, value: join(root, 'a/waybill.yaml') })
  writeFileSync(join(root, 'a/waybill.config.ts'), '')
  expect(find()).toMatchObject({ failure: { kind: 'two-definitions', folder: join(root, 'a') } })
})

test.each<[string, string, string | null]>([
  ['an object', 'export default { assets: { a: { run: "true" } } }', null],
  ['a function', 'export default (api: object) => ({ assets: { a: { run: typeof api } } })', null],
  ['a promise', 'export default async () => ({ assets: {} })', null],
  ['an error', 'export default () => { throw new Error("no") }', 'config-failed'],
  ['no text of a program', 'export default {', 'config-failed'],
  ['a list', 'export default []', 'not-a-mapping'],
  ['nothing', 'export const a = 1', 'unknown-key'],
  ['what has not the form', 'export default { assets: { a: { run: 3 } } }', 'wrong-type'],
  ['a ring', 'const a: object = {}; Object.assign(a, { a }); export default a', 'too-deep'],
])('waybill.config.ts that gives %s', async (name, code, kind) => {
  const file = join(folder, `${name.replaceAll(' ', '-')}.config.ts`)
  writeFileSync(file, code)
  const place = {
    file,
    root: folder,
    shown: 'waybill.config.ts',
    askCluster: async () => Promise.resolve(null),
  }
  const loaded = await loadDefinitions(place)
  expect(loaded.ok ? null : loaded.failure[0]?.kind).toBe(kind)
})

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { cachedDefinitions, definitionsKey, keepDefinitions, type CachedPlace } from './definitions-cache.ts'
import type { Definitions } from './definitions.ts'
import { loadDefinitions } from './load.ts'

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((one) => rmSync(one, { recursive: true })))

const yaml = `
assets:
  a: { run: bash s.sh, outputs: [a], retry: { attempts: 2 } }
  c: { run: { bash: s.sh, args: ["{{k}}"] }, env: { A: 1 }, extras: { "=map": [], d: { "=set": [1] } } }
  b: { needs: [a], run: { exec: [x, "{k}"] }, outputs: ["b/{k}"], partitions: { k: [1, 2], day: { start: 2026-01-01, every: 1d } } }
`.replace('"b/{k}"', '"b/{k}/{day}"')

async function project(): Promise<{ readonly place: CachedPlace; readonly definitions: Definitions }> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'waybill-kept-')))
  folders.push(root)
  const file = join(root, 'waybill.yaml')
  writeFileSync(file, yaml)
  writeFileSync(join(root, 's.sh'), '')
  const askCluster = async (): Promise<null> => Promise.resolve(null)
  const read = await loadDefinitions({ file, root, shown: 'waybill.yaml', askCluster })
  if (!read.ok) throw new Error(JSON.stringify(read.failure))
  const state = { folder: join(root, 'state'), shared: null }
  return { place: { state, file, root, version: '1' }, definitions: read.value }
}

const cached = (place: CachedPlace): Definitions | null => cachedDefinitions(place, definitionsKey(place))

test('what was kept is what was read', async () => {
  const { place, definitions } = await project()
  expect(cached(place)).toBeNull()
  keepDefinitions(place, definitionsKey(place), definitions)
  expect(cached(place)).toEqual(definitions)
  const [file = ''] = readdirSync(place.state.folder)
  expect(statSync(join(place.state.folder, file)).mode & 0o777).toBe(0o600)
})

test('another text, another Waybill, another place, a missing script: all is read again', async () => {
  const { place, definitions } = await project()
  keepDefinitions(place, definitionsKey(place), definitions)
  expect(cached({ ...place, version: '2' })).toBeNull()
  expect(cached({ ...place, root: '/' })).toBeNull()
  writeFileSync(place.file, `${yaml}#`)
  expect(cached(place)).toBeNull()
  writeFileSync(place.file, yaml)
  expect(cached(place)).not.toBeNull()
  rmSync(join(place.root, 's.sh'))
  expect(cached(place)).toBeNull()
})

test('a text that changed while it was read is not kept, and what is damaged is not used', async () => {
  const { place, definitions } = await project()
  const key = definitionsKey(place)
  writeFileSync(place.file, `${yaml}#`)
  keepDefinitions(place, key, definitions)
  expect(cached(place)).toBeNull()
  keepDefinitions(place, definitionsKey(place), definitions)
  const [file = ''] = readdirSync(place.state.folder)
  truncateSync(join(place.state.folder, file), 100)
  expect(cached(place)).toBeNull()
})

test('where nothing can be kept nothing is', async () => {
  const { place, definitions } = await project()
  mkdirSync(join(place.root, 'taken'))
  writeFileSync(join(place.root, 'taken/state'), '')
  const full = { ...place, state: { folder: join(place.root, 'taken/state/below'), shared: null } }
  keepDefinitions(full, definitionsKey(full), definitions)
  expect(cached(full)).toBeNull()
})

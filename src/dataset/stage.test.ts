import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { CommitId } from '../contract/ids.ts'
import { annexPaths, makeScratch, value, type Scratch } from './scratch-repository.ts'
import { stage } from './stage.ts'

const made: Scratch[] = []
const scratch = (options?: Parameters<typeof makeScratch>[0]): Scratch => {
  const one = makeScratch(options)
  made.push(one)
  return one
}
afterEach(() => made.splice(0).forEach((one) => one.remove()))

for (const annex of annexPaths) {
  test(`git-annex (${annex}) decides; odd files are stored or refused by name`, async () => {
    const repo = scratch({ annex })
    repo.write('.gitattributes', '* annex.largefiles=largerthan=20b\n')
    repo.write('.gitignore', 'hid*\n')
    const large = ['o/a b', 'o/n\nl', 'o/-d', 'o/ü', 'o/:(top)*', 'o/hid-tracked']
    for (const name of large) repo.write(name, name.repeat(10))
    repo.write('o/small', 'x')
    repo.write('o/empty', '')
    repo.write('o/hid', 'x')
    repo.git('add', '-f', 'o/hid-tracked')
    repo.git('commit', '-qm', 'one')
    repo.write('o/hid-tracked', 'changed since then, and large')
    chmodSync(join(repo.root, 'o/-d'), 0o755)
    symlinkSync('nowhere', join(repo.root, 'o/broken'))
    symlinkSync('/usr', join(repo.root, 'o/directory'))
    execFileSync('mkfifo', [join(repo.root, 'o/fifo')])
    const before = readFileSync(join(repo.root, '.git/index'))
    const dataset = await repo.dataset()
    const head = repo.git('rev-parse', 'HEAD').trim() as CommitId
    const paths = [
      ...large,
      ...['small', 'empty', 'hid', 'broken', 'directory', 'fifo', 'gone'].map((name) => `o/${name}`),
    ]
    const result = value(await stage(dataset, { paths, operation: 'op', head, force: false }))
    expect(Object.fromEntries(result.refused.map(({ path, why }) => [path, why]))).toEqual({
      'o/hid': 'ignored',
      'o/fifo': 'not-a-file',
      'o/gone': 'vanished',
    })
    const staged = new Map(result.staged.map((entry) => [entry.path, entry]))
    const key = expect.stringMatching(/^SHA256E-/) as unknown
    // `git add` made an unlocked annexed file of it, and unlocked it stays.
    const modeOf = (name: string): string => (name === 'o/hid-tracked' ? '100644' : '120000')
    for (const name of large) expect(staged.get(name), name).toMatchObject({ mode: modeOf(name), key })
    expect(staged.get('o/small')).toMatchObject({ mode: '100644', key: null })
    expect(staged.get('o/empty')).toMatchObject({ mode: '100644', key: null })
    expect(staged.get('o/broken')).toMatchObject({ mode: '120000', key: null })
    expect(repo.git('cat-file', 'blob', staged.get('o/directory')?.oid ?? '')).toBe('/usr')
    expect(lstatSync(join(repo.root, 'o/n\nl')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(repo.root, '.git/index'))).toEqual(before)
    expect(readdirSync(join(repo.root, '.git/waybill'))).toEqual([])
    const forced = value(await stage(dataset, { paths: ['o/hid'], operation: 'op', head, force: true }))
    expect(forced.staged).toMatchObject([{ path: 'o/hid', mode: '100644' }])
  })

  test(`git-annex (${annex}): a writable copy that the job did not change is the same entry again`, async () => {
    const repo = scratch({ annex })
    repo.write('o/a', 'content')
    repo.git('annex', 'add', '-q', '.')
    repo.git('commit', '-qm', 'one')
    const head = repo.git('rev-parse', 'HEAD').trim() as CommitId
    writeFileSync(join(repo.root, 'o/tmp'), 'content')
    renameSync(join(repo.root, 'o/tmp'), join(repo.root, 'o/a'))
    const dataset = await repo.dataset()
    const { staged } = value(await stage(dataset, { paths: ['o/a'], operation: 'op', head, force: false }))
    expect(`${staged[0]?.mode ?? ''} blob ${staged[0]?.oid ?? ''}\to/a\n`).toBe(
      repo.git('ls-tree', '-r', 'HEAD'),
    )
    expect(repo.git('status', '--porcelain')).toBe('')
  })
}

test('what git holds unchanged is known without reading it', async () => {
  const repo = scratch()
  for (let i = 0; i < 60; i++) repo.write(`o/d${i % 3}/f${i}`)
  repo.git('add', '.')
  repo.git('commit', '-qm', 'one')
  const head = repo.git('rev-parse', 'HEAD').trim() as CommitId
  const dataset = await repo.dataset()
  const paths = Array.from({ length: 60 }, (_, i) => `o/d${i % 3}/f${i}`)
  repo.write('o/d0/f0', 'changed')
  repo.git('update-index', '--assume-unchanged', 'o/d1/f1')
  repo.write('o/d1/f1', 'changed behind git’s back')
  const { staged } = value(await stage(dataset, { paths, operation: 'op', head, force: false }))
  const now = new Map(staged.map((entry) => [entry.path, entry.oid]))
  expect(now.size).toBe(60)
  for (const path of ['o/d0/f0', 'o/d1/f1', 'o/d2/f2'])
    expect(now.get(path)).toBe(repo.git('hash-object', path).trim())
})

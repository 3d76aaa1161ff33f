import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { CommitId } from '../contract/ids.ts'
import { dropOperation, writeCommits } from './commits.ts'
import { makeScratch, value, type Scratch } from './scratch-repository.ts'
import { stage } from './stage.ts'
import { diffTrees, listTree } from './tree.ts'

const made: Scratch[] = []
const scratch = (options?: Parameters<typeof makeScratch>[0]): Scratch => {
  const one = makeScratch(options)
  made.push(one)
  return one
}
afterEach(() => made.splice(0).forEach((one) => one.remove()))

const when = { seconds: 1_700_000_000, zone: '+0130' }

for (const format of [undefined, 'sha256'] as const) {
  test(`writes commits one upon the other (${format ?? 'sha1'})`, async () => {
    const repo = scratch(format ? { format } : {})
    const dataset = await repo.dataset()
    const odd = ['a b', '-dash', 'n\nl', 'q"u\\o', 'ü', 'd/e/f']
    const first = value(
      await writeCommits(dataset, {
        parent: null,
        operation: 'op1',
        when,
        commits: [
          {
            message: 'one ü',
            changes: odd.map((path) => ({ path, mode: '100644', content: () => Buffer.from(path) })),
          },
          { message: 'nothing\n\nbody\n', changes: [] },
        ],
      }),
    )
    expect(first).toHaveLength(2)
    expect(
      repo.git('log', '--format=%an <%ae> %ad %s', '--date=raw', 'refs/waybill/op1').trim().split('\n'),
    ).toEqual([
      'Ada L <ada@example.org> 1700000000 +0130 nothing',
      'Ada L <ada@example.org> 1700000000 +0130 one ü',
    ])
    const tip = first[1] ?? null
    expect(
      value(await listTree(dataset, tip))
        .map((entry) => entry.path)
        .sort(),
    ).toEqual([...odd].sort())
    const oid = value(await listTree(dataset, tip, ['ü']))[0]?.oid ?? ''
    const [second] = value(
      await writeCommits(dataset, {
        parent: tip,
        operation: 'op1',
        when,
        commits: [
          {
            message: 'swap',
            changes: [
              { path: 'd', mode: '120000', oid },
              { path: 'd/e/f', deleted: true },
              { path: 'ü', deleted: true },
              { path: 'ü/x', mode: '100755', oid },
            ],
          },
        ],
      }),
    )
    expect(value(await diffTrees(dataset, tip, second ?? ('' as CommitId)))).toEqual([
      { path: 'd', before: null, after: { mode: '120000', oid } },
      { path: 'd/e/f', before: expect.objectContaining({ mode: '100644' }) as unknown, after: null },
      { path: 'ü', before: { mode: '100644', oid }, after: null },
      { path: 'ü/x', before: null, after: { mode: '100755', oid } },
    ])
    repo.git('fsck', '--strict')
    value(await dropOperation(dataset, 'op1'))
    value(await dropOperation(dataset, 'op1'))
    expect(repo.git('for-each-ref', 'refs/waybill')).toBe('')
  })
}

test('a ref left over is no parent', async () => {
  const repo = scratch()
  const dataset = await repo.dataset()
  const request = {
    parent: null,
    operation: 'op',
    when,
    commits: [{ message: 'm', changes: [] }],
  }
  const once = value(await writeCommits(dataset, request))
  expect(value(await writeCommits(dataset, { ...request, operation: 'op' }))).toEqual(once)
})

test('signs with the key of the user', async () => {
  const repo = scratch()
  const key = join(repo.root, '../key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  repo.git('config', 'commit.gpgsign', 'true')
  repo.git('config', 'gpg.format', 'ssh')
  repo.git('config', 'user.signingkey', key)
  const dataset = await repo.dataset()
  const request = {
    parent: null,
    operation: 'op',
    when,
    commits: [
      { message: 'one', changes: [{ path: 'x', mode: '100644', content: () => Buffer.from('x') }] },
      { message: 'two', changes: [{ path: 'y', mode: '100644', content: () => Buffer.from('y') }] },
    ],
  }
  const ids = value(await writeCommits(dataset, request))
  expect(repo.git('rev-list', '--reverse', 'refs/waybill/op').trim().split('\n')).toEqual(ids)
  for (const id of ids)
    expect(repo.git('cat-file', 'commit', id)).toMatch(/\ngpgsig -----BEGIN SSH SIGNATURE/)
  expect(repo.git('ls-tree', '--name-only', 'refs/waybill/op').trim()).toBe('x\ny')
  repo.git('config', 'user.signingkey', '/nonexistent')
  expect(await writeCommits(dataset, { ...request, operation: 'two' })).toMatchObject({
    failure: { kind: 'signing-failed' },
  })
})

test('plain git: files go through the filters, odd ones are refused by name', async () => {
  const repo = scratch()
  repo.git('config', 'core.autocrlf', 'input')
  repo.write('.gitignore', 'hid*\n')
  repo.write('crlf.txt', 'a\r\n')
  for (const name of ['o/a b', 'o/n\nl', 'o/-d', 'o/hid', 'o/empty', 'o/same'])
    repo.write(name, name === 'o/empty' ? '' : name)
  symlinkSync('nowhere', join(repo.root, 'o/broken'))
  execFileSync('mkfifo', [join(repo.root, 'o/fifo')])
  chmodSync(join(repo.root, 'o/-d'), 0o755)
  repo.git('add', 'o/same')
  repo.git('commit', '-qm', 'one')
  repo.write('staged', 'by the user')
  repo.git('add', 'staged')
  const before = repo.git('ls-files', '-s')
  const dataset = await repo.dataset()
  const head = repo.git('rev-parse', 'HEAD').trim() as CommitId
  const paths = [
    'o/a b',
    'o/n\nl',
    'o/-d',
    'o/hid',
    'o/empty',
    'o/same',
    'o/broken',
    'o/fifo',
    'o/gone',
    'crlf.txt',
  ]
  const result = value(await stage(dataset, { paths, operation: 'op', head, force: false }))
  expect(Object.fromEntries(result.refused.map(({ path, why }) => [path, why]))).toEqual({
    'o/hid': 'ignored',
    'o/fifo': 'not-a-file',
    'o/gone': 'vanished',
  })
  expect(Object.fromEntries(result.staged.map(({ path, mode }) => [path, mode]))).toEqual({
    'o/a b': '100644',
    'o/n\nl': '100644',
    'o/-d': '100755',
    'o/empty': '100644',
    'o/same': '100644',
    'o/broken': '120000',
    'crlf.txt': '100644',
  })
  const crlf = result.staged.find((entry) => entry.path === 'crlf.txt')
  expect(repo.git('cat-file', 'blob', crlf?.oid ?? '')).toBe('a\n')
  expect(repo.git('ls-files', '-s')).toBe(before)
  const forced = value(await stage(dataset, { paths: ['o/hid'], operation: 'op', head, force: true }))
  expect(forced.staged).toHaveLength(1)
  rmSync(join(repo.root, 'o'), { recursive: true })
  mkdirSync(join(repo.root, 'o'))
  writeFileSync(join(repo.root, 'o/same'), 'new')
  expect(
    value(await stage(dataset, { paths: ['o/same'], operation: 'op', head, force: false })).staged[0]?.oid,
  ).toBe(repo.git('hash-object', 'o/same').trim())
})

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { checkCommittable, readHead } from './head.ts'
import { readIdentity } from './identity.ts'
import { locate } from './locate.ts'
import { stage } from './stage.ts'
import { annexPaths, makeScratch, scratchEnv, value, type Scratch } from './scratch-repository.ts'

const made: Scratch[] = []
const scratch = (options?: Parameters<typeof makeScratch>[0]): Scratch => {
  const one = makeScratch(options)
  made.push(one)
  return one
}
afterEach(() => made.splice(0).forEach((one) => one.remove()))

describe('locate', () => {
  test('finds the root from below, through a symlink, whatever the caller exports', async () => {
    const repo = scratch()
    mkdirSync(join(repo.root, 'a/b'), { recursive: true })
    symlinkSync('repository/a', `${repo.root}-link`)
    const found = value(
      await locate(`${repo.root}-link/b`, { ...scratchEnv, GIT_DIR: '/nowhere', GIT_INDEX_FILE: 'x' }),
    )
    expect(found).toMatchObject({
      root: repo.root,
      gitDir: `${repo.root}/.git`,
      commonDir: `${repo.root}/.git`,
      id: null,
      annex: null,
      objectFormat: 'sha1',
      shared: null,
      indexPath: `${repo.root}/.git/index`,
    })
    rmSync(`${repo.root}-link`)
  })

  test('reads id, group sharing, object format and git-annex', async () => {
    const repo = scratch({ annex: annexPaths[0] ?? '/usr/bin' })
    repo.write('.datalad/config', '[datalad "dataset"]\n\tid = "1-2" ; mine\n')
    repo.git('config', 'core.sharedRepository', 'group')
    const found = await repo.dataset()
    expect(found.id).toBe('1-2')
    expect(found.shared).toEqual({ file: 0o660, directory: 0o2770 })
    expect(found.annex).toMatchObject({ version: '10', crippled: false })
    expect((await scratch({ format: 'sha256' }).dataset()).objectFormat).toBe('sha256')
  })

  test('tells a work tree and a submodule from their repositories, newlines in names and all', async () => {
    const repo = scratch()
    repo.git('commit', '-q', '--allow-empty', '-m', 'one')
    repo.git('worktree', 'add', '-q', '-b', 'other', '../other\ntree')
    const other = value(await locate(`${repo.root}/../other\ntree`, scratchEnv))
    expect(other.commonDir).toBe(`${repo.root}/.git`)
    expect(other.gitDir).toMatch(/\/\.git\/worktrees\//)
    expect(other.root).toMatch(/\/other\ntree$/)
    repo.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', repo.root, 'sub')
    expect(value(await locate(join(repo.root, 'sub'), scratchEnv)).gitDir).toBe(
      `${repo.root}/.git/modules/sub`,
    )
  })

  test('names what is in the way', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'waybill-none-'))
    expect(await locate(empty, scratchEnv)).toMatchObject({ failure: { kind: 'not-a-repository' } })
    expect(await locate(`${empty}/no`, scratchEnv)).toMatchObject({ failure: { kind: 'no-such-directory' } })
    expect(await locate(empty, { ...scratchEnv, PATH: '/nonexistent' })).toMatchObject({
      failure: { kind: 'missing-program', program: 'git' },
    })
    execFileSync('git', ['init', '-q', '--bare', join(empty, 'bare')])
    expect(await locate(`${empty}/bare`, scratchEnv)).toMatchObject({ failure: { kind: 'bare-repository' } })
    const repo = scratch()
    expect(await locate(`${repo.root}/.git`, scratchEnv)).toMatchObject({ failure: { kind: 'no-work-tree' } })
    execFileSync('git', ['init', '-q', join(empty, 'theirs')])
    chmodSync(empty, 0o755)
    expect(
      await locate(`${empty}/theirs`, { ...scratchEnv, GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' }),
    ).toMatchObject({ failure: { kind: 'dubious-ownership' } })
    rmSync(empty, { recursive: true })
  })
})

describe('readHead', () => {
  test('knows unborn, loose, packed and detached', async () => {
    const repo = scratch()
    const dataset = await repo.dataset()
    expect(value(await readHead(dataset))).toEqual({
      ref: 'refs/heads/main',
      commit: null,
      adjusted: null,
      inProgress: null,
    })
    repo.git('commit', '-q', '--allow-empty', '-m', 'one')
    const commit = repo.git('rev-parse', 'HEAD').trim()
    expect(value(await readHead(dataset))).toMatchObject({ ref: 'refs/heads/main', commit })
    repo.git('pack-refs', '--all')
    expect(value(await readHead(dataset))).toMatchObject({ ref: 'refs/heads/main', commit })
    repo.git('checkout', '-q', '--detach')
    expect(value(await readHead(dataset))).toMatchObject({ ref: null, commit })
  })

  test('sees a merge and an adjusted branch', async () => {
    const repo = scratch()
    const dataset = await repo.dataset()
    repo.git('commit', '-q', '--allow-empty', '-m', 'one')
    repo.git('checkout', '-q', '-b', 'adjusted/main(unlocked)')
    const head = value(await readHead(dataset))
    expect(head.adjusted).toBe('main')
    expect(checkCommittable(head)).toMatchObject({ failure: { kind: 'adjusted-branch', basis: 'main' } })
    repo.write('.git/MERGE_HEAD')
    expect(checkCommittable(value(await readHead(dataset)))).toMatchObject({
      failure: { kind: 'in-progress', what: 'merge' },
    })
  })
})

test('git-annex that is not installed is named', async () => {
  const repo = scratch({ annex: annexPaths[0] ?? '/usr/bin' })
  repo.write('a')
  const dataset = await repo.dataset()
  const bare = join(repo.root, '../bin')
  mkdirSync(bare)
  symlinkSync(execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim(), join(bare, 'git'))
  const without = { ...dataset, env: { ...dataset.env, PATH: bare } }
  expect(await stage(without, { paths: ['a'], operation: 'op', head: null, force: false })).toMatchObject({
    failure: { kind: 'missing-program', program: 'git-annex' },
  })
})

test('identity is asked of git, and its absence known beforehand', async () => {
  const repo = scratch()
  const dataset = await repo.dataset()
  expect(
    value(await readIdentity({ ...dataset, env: { ...dataset.env, GIT_AUTHOR_NAME: 'Bö <b' } })),
  ).toEqual({
    author: 'Bö b <ada@example.org>',
    committer: 'Ada L <ada@example.org>',
  })
  repo.git('config', '--unset', 'user.email')
  repo.git('config', 'user.useConfigOnly', 'true')
  expect(await readIdentity(dataset)).toMatchObject({ failure: { kind: 'no-identity' } })
})

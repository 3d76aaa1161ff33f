import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findPlainRepository } from './find-repository.ts'

let dir = ''
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'find-')))
  git('init', '-q', 'ds')
  mkdirSync(join(dir, 'ds/a/b'), { recursive: true })
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

function git(...args: readonly string[]): void {
  execFileSync('git', args, { cwd: dir, stdio: 'ignore' })
}

function rootAt(path: string, env: Readonly<Record<string, string>> = {}): string | null {
  return findPlainRepository(join(dir, path), env)?.root ?? null
}

test('a repository of the usual kind is found from each of its folders', () => {
  const ds = join(dir, 'ds')
  expect([rootAt('ds'), rootAt('ds/a/b')]).toEqual([ds, ds])
})

test.each<readonly [string, () => void, string]>([
  ['in no repository', () => rmSync(join(dir, 'ds/.git'), { recursive: true }), 'ds'],
  ['within .git', () => {}, 'ds/.git/refs'],
  ['in a linked worktree', () => addWorktree(), 'other'],
  ['through a link', () => linkAway(), 'ds'],
  ['without HEAD', () => rmSync(join(dir, 'ds/.git/HEAD')), 'ds'],
  ['bare', () => git('-C', 'ds', 'config', 'core.bare', 'true'), 'ds'],
  ['with its work tree elsewhere', () => git('-C', 'ds', 'config', 'core.worktree', '../other'), 'ds'],
  ['with another object format', () => otherFormat(), 'sha256'],
  ['with settings from another file', () => git('-C', 'ds', 'config', 'include.path', 'x'), 'ds'],
])('git is asked about one %s', (_, change, where) => {
  change()
  expect(rootAt(where)).toBeNull()
})

test.each(['GIT_DIR', 'GIT_WORK_TREE', 'GIT_CEILING_DIRECTORIES', 'GIT_CONFIG_COUNT'])(
  'git is asked where %s is set',
  (name) => {
    expect(rootAt('ds', { [name]: 'x' })).toBeNull()
  },
)

test.runIf(process.getuid?.() === 0)('git is asked about another user’s repository', () => {
  execFileSync('chown', ['nobody', join(dir, 'ds/.git')])
  expect(rootAt('ds')).toBeNull()
})

function addWorktree(): void {
  writeFileSync(join(dir, 'ds/f'), '')
  const who = ['-c', 'user.name=n', '-c', 'user.email=e']
  git('-C', 'ds', 'add', 'f')
  git('-C', 'ds', ...who, 'commit', '-q', '-m', 'm')
  git('-C', 'ds', 'worktree', 'add', '-q', '../other')
}

function linkAway(): void {
  renameSync(join(dir, 'ds/.git'), join(dir, 'away'))
  symlinkSync('../away', join(dir, 'ds/.git'))
}

function otherFormat(): void {
  git('init', '-q', '--object-format=sha256', 'sha256')
}

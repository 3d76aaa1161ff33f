import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { CommitId } from '../contract/ids.ts'
import { writeCommits, type CommitChange } from './commits.ts'
import { makeScratch, value, type Scratch } from './scratch-repository.ts'
import { stage } from './stage.ts'
import { takeOut, type Spared } from './take-out.ts'

const made: Scratch[] = []
afterEach(() => made.splice(0).forEach((one) => one.remove()))

const nothingSpared: Spared = { file: () => false, folder: () => false }

/** Commits what stands at these paths on top of HEAD, for another branch. */
async function recorded(repo: Scratch, paths: readonly string[], deleted: readonly string[] = []) {
  const dataset = await repo.dataset()
  const head = repo.git('rev-parse', 'HEAD').trim() as CommitId
  const { staged } = value(await stage(dataset, { paths, operation: 'op', head, force: false }))
  const changes: CommitChange[] = [...staged, ...deleted.map((path) => ({ path, deleted: true }) as const)]
  const when = { seconds: 1_700_000_000, zone: '+0000' }
  const commits = [{ message: 'record', changes }]
  return value(await writeCommits(dataset, { parent: head, operation: 'op', commits, when }))
}

function begin(...paths: readonly string[]): Scratch {
  const repo = makeScratch()
  made.push(repo)
  for (const path of ['keep', ...paths]) repo.write(path, 'old')
  repo.git('add', '.')
  repo.git('commit', '-qm', 'begin')
  return repo
}

const statusOf = (repo: Scratch): string => repo.git('status', '--porcelain', '--untracked-files=all')

test('odd names, links, modes and folders: the work tree is what the index says, and empty folders are gone', async () => {
  const repo = begin('d/changed', 'd/deleted', 'd/mode', 'turned')
  const odd = [' a b', '-dash', 'n\nl', 'q"u\\o', 'ü', '[x]*', ':(top)'].map((name) => `d/new/${name}`)
  for (const path of ['d/changed', ...odd]) repo.write(path, 'new')
  chmodSync(join(repo.root, 'd/mode'), 0o755)
  symlinkSync('nowhere', join(repo.root, 'd/link'))
  rmSync(join(repo.root, 'd/deleted'))
  rmSync(join(repo.root, 'turned'))
  repo.write('turned/into/folder', 'new')
  const paths = ['d/changed', 'd/mode', 'd/link', 'turned/into/folder', ...odd]
  const commits = await recorded(repo, paths, ['d/deleted', 'turned'])
  const done = async () => value(await takeOut(await repo.dataset(), commits, 'op', nothingSpared))
  expect((await done()).left).toEqual([])
  expect(statusOf(repo)).toBe('')
  expect(existsSync(join(repo.root, 'd/new'))).toBe(false)
  expect((await done()).left, 'a second time there is nothing to do or to say').toEqual([])
  expect(statusOf(repo)).toBe('')
})

test('spared files, staged ones, other content and paths that git is not to look at stay, and are named', async () => {
  const repo = begin('d/flagged', 'd/blocked')
  const paths = ['d/flagged', 'd/spared', 'd/staged', 'd/other', 'd/mine']
  for (const path of paths) repo.write(path, 'new')
  rmSync(join(repo.root, 'd/blocked'))
  const commits = await recorded(repo, paths, ['d/blocked'])
  repo.git('update-index', '--assume-unchanged', 'd/flagged')
  repo.git('add', 'd/staged')
  repo.write('d/other', 'more')
  repo.write('d/blocked/theirs', 'theirs')
  const spared: Spared = { file: (path) => path === 'd/spared', folder: () => false }
  const { left } = value(await takeOut(await repo.dataset(), commits, 'op', spared))
  expect(left.toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
    { path: 'd/blocked', why: 'no-room' },
    { path: 'd/flagged', why: 'not-settled' },
    { path: 'd/other', why: 'differs' },
  ])
  for (const path of ['d/flagged', 'd/spared', 'd/staged', 'd/other', 'd/blocked/theirs'])
    expect(existsSync(join(repo.root, path)), path).toBe(true)
  expect(existsSync(join(repo.root, 'd/mine'))).toBe(false)
})

test('through a folder that became a link nothing is removed', async () => {
  const repo = begin()
  repo.write('d/x', 'new')
  const commits = await recorded(repo, ['d/x'])
  repo.write('elsewhere/x', 'new')
  rmSync(join(repo.root, 'd'), { recursive: true })
  symlinkSync('elsewhere', join(repo.root, 'd'))
  const { left } = value(await takeOut(await repo.dataset(), commits, 'op', nothingSpared))
  expect(left).toEqual([{ path: 'd/x', why: 'differs' }])
  expect(existsSync(join(repo.root, 'elsewhere/x'))).toBe(true)
})

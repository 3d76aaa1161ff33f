import {
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { CommitId } from '../contract/ids.ts'
import { writeCommits, type CommitChange } from './commits.ts'
import { holdsLock, lockPath, takeLock, type Patience } from './index-lock.ts'
import type { Dataset } from './locate.ts'
import { moveBranch, type MovePlan } from './move-branch.ts'
import { recoverMove } from './recover-move.ts'
import { annexPaths, makeScratch, value, type Scratch } from './scratch-repository.ts'
import { stage } from './stage.ts'

const made: Scratch[] = []
const scratch = (options?: Parameters<typeof makeScratch>[0]): Scratch => {
  const one = makeScratch(options)
  made.push(one)
  return one
}
afterEach(() => made.splice(0).forEach((one) => one.remove()))

const impatient: Patience = { sleep: async () => {}, now: () => 0, seconds: 0 }
const when = { seconds: 1_700_000_000, zone: '+0000' }

/** Stages files, commits them with some deletions, and says how the branch is to move. */
async function record(
  dataset: Dataset,
  repo: Scratch,
  paths: readonly string[],
  deleted: readonly string[] = [],
  operation = 'op',
): Promise<MovePlan> {
  const unborn = repo.git('for-each-ref', 'refs/heads') === ''
  const from = unborn ? null : (repo.git('rev-parse', 'HEAD').trim() as CommitId)
  const { staged, refused } = value(await stage(dataset, { paths, operation, head: from, force: false }))
  expect(refused).toEqual([])
  const changes: CommitChange[] = [...staged, ...deleted.map((path) => ({ path, deleted: true }) as const)]
  const commits = [{ message: 'record', changes }]
  const ids = value(await writeCommits(dataset, { parent: from, operation, commits, when }))
  const detached = repo.git('branch', '--show-current').trim() === ''
  return {
    operation,
    ref: detached ? null : 'refs/heads/main',
    from,
    to: ids[0] ?? ('' as CommitId),
    reflog: 'waybill: record 1 job',
  }
}

const leftovers = (repo: Scratch): string[] =>
  readdirSync(join(repo.root, '.git')).filter(
    (name) => /lock|index\./.test(name) && !name.startsWith('sharedindex'),
  )

describe('moveBranch', () => {
  test('moves branch and index; what the user staged and changed elsewhere stays', async () => {
    const repo = scratch()
    for (const name of ['keep', 'staged', 'changed', 'o/old', 'o/gone', 'o/dir/x']) repo.write(name)
    repo.git('add', '.')
    repo.git('commit', '-qm', 'one')
    repo.write('staged', 'staged')
    repo.git('add', 'staged')
    repo.write('changed', 'changed')
    repo.write('o/old', 'new')
    repo.write('o/n\nl ü', 'x')
    rmSync(join(repo.root, 'o/gone'))
    rmSync(join(repo.root, 'o/dir'), { recursive: true })
    repo.write('o/dir', 'a file now')
    const dataset = await repo.dataset()
    const plan = await record(dataset, repo, ['o/old', 'o/n\nl ü', 'o/dir'], ['o/gone', 'o/dir/x'])
    value(await moveBranch(dataset, plan, impatient))
    expect(repo.git('rev-parse', 'main').trim()).toBe(plan.to)
    expect(repo.git('status', '--porcelain')).toBe(' M changed\nM  staged\n')
    expect(repo.git('log', '-1', '-g', '--format=%gs', 'HEAD').trim()).toBe('waybill: record 1 job')
    expect(repo.git('for-each-ref', 'refs/waybill')).toBe('')
    expect(leftovers(repo)).toEqual([])
    repo.git('fsck', '--strict')
  })

  test("a change of the user's too soon after its commit for stat data to tell stays seen", async () => {
    const repo = scratch()
    for (const name of ['mine', 'out']) repo.write(name, 'old')
    repo.git('config', 'core.trustctime', 'false')
    repo.git('add', '.')
    repo.git('commit', '-qm', 'one')
    const [mine, index] = [join(repo.root, 'mine'), join(repo.root, '.git/index')]
    // All in one second: the file is added, changed to the same size, and the index is as old as both.
    const second = Math.floor(statSync(mine).mtimeMs / 1000) - 10
    utimesSync(mine, second, second)
    repo.git('update-index', '--refresh')
    writeFileSync(mine, 'new')
    for (const path of [mine, index]) utimesSync(path, second, second)
    repo.write('out', 'made')
    const dataset = await repo.dataset()
    value(await moveBranch(dataset, await record(dataset, repo, ['out']), impatient))
    expect(repo.git('status', '--porcelain')).toBe(' M mine\n')
  })

  test('an unborn branch, a detached HEAD', async () => {
    const repo = scratch()
    const dataset = await repo.dataset()
    repo.write('a')
    value(await moveBranch(dataset, await record(dataset, repo, ['a']), impatient))
    expect(repo.git('status', '--porcelain')).toBe('')
    repo.git('checkout', '-q', '--detach')
    repo.write('b')
    const plan = await record(dataset, repo, ['b'], [], 'op2')
    value(await moveBranch(dataset, plan, impatient))
    expect(repo.git('rev-parse', 'HEAD').trim()).toBe(plan.to)
    expect(repo.git('rev-parse', 'main').trim()).toBe(plan.from)
    expect(repo.git('status', '--porcelain')).toBe('')
  })

  test('never over a commit of somebody else, nor past a foreign lock', async () => {
    const repo = scratch()
    repo.git('commit', '-q', '--allow-empty', '-m', 'one')
    const dataset = await repo.dataset()
    repo.write('a')
    const plan = await record(dataset, repo, ['a'])
    writeFileSync(lockPath(dataset), '')
    expect(await moveBranch(dataset, plan, impatient)).toMatchObject({
      failure: { kind: 'index-locked', lock: `${repo.root}/.git/index.lock` },
    })
    expect(readFileSync(lockPath(dataset), 'utf8')).toBe('')
    unlinkSync(lockPath(dataset))
    repo.git('commit', '-q', '--allow-empty', '-m', 'theirs')
    const theirs = repo.git('rev-parse', 'HEAD').trim()
    expect(await moveBranch(dataset, plan, impatient)).toMatchObject({
      failure: { kind: 'branch-moved', found: { ref: 'refs/heads/main', commit: theirs } },
    })
    expect(repo.git('rev-parse', 'HEAD').trim()).toBe(theirs)
    expect(leftovers(repo)).toEqual([])
    expect(value(await recoverMove(dataset, plan, impatient))).toBe('rolled-back')
  })

  test('flags, a split index, version 4 and an untracked cache survive', async () => {
    const repo = scratch()
    for (const name of ['assumed', 'skipped', 'a', 'b', 'o/assumed', 'o/skipped']) repo.write(name)
    repo.git('add', '.')
    repo.git('commit', '-qm', 'one')
    repo.git('update-index', '--index-version', '4')
    repo.git('update-index', '--untracked-cache')
    repo.git('update-index', '--split-index')
    repo.git('update-index', '--assume-unchanged', 'assumed', 'o/assumed')
    repo.git('update-index', '--skip-worktree', 'skipped', 'o/skipped')
    const dataset = await repo.dataset()
    for (const name of ['o/assumed', 'o/skipped', 'o/new']) repo.write(name, 'by the job')
    const plan = await record(dataset, repo, ['o/assumed', 'o/skipped', 'o/new'])
    value(await moveBranch(dataset, plan, impatient))
    expect(repo.git('ls-files', '-v').trim().split('\n')).toEqual([
      'H a',
      'h assumed',
      'H b',
      'h o/assumed',
      'H o/new',
      'S o/skipped',
      'S skipped',
    ])
    expect(repo.git('diff', '--cached', '--stat')).toBe('')
    // Git need not read what it has stat data of.
    expect(repo.git('ls-files', '--debug', 'o/new')).toContain('size: 10')
    expect(readdirSync(join(repo.root, '.git')).some((name) => name.startsWith('sharedindex.'))).toBe(true)
    const index = readFileSync(join(repo.root, '.git/index'))
    expect(index.readUInt32BE(4)).toBe(4)
    expect(index.includes('UNTR')).toBe(true)
    expect(index.includes('link')).toBe(true)
  })

  test('a file that changed after it was stored is seen as changed', async () => {
    const repo = scratch()
    const dataset = await repo.dataset()
    repo.write('a')
    const plan = await record(dataset, repo, ['a'])
    repo.write('a', 'changed since')
    value(await moveBranch(dataset, plan, impatient))
    expect(repo.git('status', '--porcelain')).toBe(' M a\n')
  })
})

for (const annex of annexPaths) {
  test(`locked, unlocked and plain files of git-annex (${annex}) leave status clean`, async () => {
    const repo = scratch({ annex })
    repo.write('.gitattributes', '* annex.largefiles=largerthan=20b\n')
    repo.write('o/unlocked', 'u'.repeat(50))
    repo.write('o/kept', 'k'.repeat(50))
    repo.git('annex', 'add', '-q', '.')
    repo.git('annex', 'unlock', '-q', 'o/unlocked')
    repo.git('commit', '-qm', 'one')
    const dataset = await repo.dataset()
    repo.write('o/unlocked', 'U'.repeat(60))
    repo.write('o/large ü', 'x'.repeat(60))
    repo.write('o/small', 'small')
    const plan = await record(dataset, repo, ['o/unlocked', 'o/large ü', 'o/small', 'o/kept'])
    value(await moveBranch(dataset, plan, impatient))
    expect(repo.git('status', '--porcelain')).toBe('')
    expect(
      repo
        .git('ls-tree', '-r', 'HEAD')
        .replace(/ blob \w+\t/g, ' ')
        .trim()
        .split('\n'),
    ).toEqual([
      '100644 .gitattributes',
      '120000 o/kept',
      '120000 "o/large \\303\\274"',
      '100644 o/small',
      '100644 o/unlocked',
    ])
    expect(repo.git('show', 'HEAD:o/unlocked')).toMatch(/^\/annex\/objects\//)
    expect(readFileSync(join(repo.root, 'o/unlocked'), 'utf8')).toBe('U'.repeat(60))
    expect(repo.git('annex', 'fsck', '-q')).toBe('')
    repo.git('fsck', '--strict')
  })
}

describe('recoverMove', () => {
  test('finishes when the branch has moved, and the user has gone on', async () => {
    const repo = scratch()
    repo.write('o/a')
    repo.write('o/b')
    repo.git('add', '.')
    repo.git('commit', '-qm', 'one')
    const dataset = await repo.dataset()
    repo.write('o/a', 'new')
    repo.write('o/b', 'new')
    const plan = await record(dataset, repo, ['o/a', 'o/b'])
    value(await takeLock(dataset, plan.operation, impatient))
    expect(holdsLock(dataset, 'op')).toBe(true)
    repo.git('update-ref', 'refs/heads/main', plan.to)
    expect(value(await recoverMove(dataset, plan, impatient))).toBe('done')
    expect(repo.git('status', '--porcelain')).toBe('')
    expect(value(await recoverMove(dataset, plan, impatient))).toBe('done')
    // Later the user commits something else at one of the paths: recovery must not touch it again.
    repo.write('o/a', 'o/a\n')
    repo.git('commit', '-qam', 'back to what it was')
    expect(value(await recoverMove(dataset, plan, impatient))).toBe('done')
    expect(repo.git('status', '--porcelain')).toBe('')
    expect(existsSync(lockPath(dataset))).toBe(false)
  })

  test('does nothing to the index of another branch', async () => {
    const repo = scratch()
    repo.write('o/a')
    repo.git('add', '.')
    repo.git('commit', '-qm', 'one')
    const dataset = await repo.dataset()
    repo.write('o/a', 'new')
    const plan = await record(dataset, repo, ['o/a'])
    repo.git('checkout', '-q', '-b', 'other')
    repo.git('update-ref', 'refs/heads/main', plan.to)
    expect(value(await recoverMove(dataset, plan, impatient))).toBe('done')
    expect(repo.git('status', '--porcelain')).toBe(' M o/a\n')
  })
})

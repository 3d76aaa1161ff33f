import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { CommitId } from '../contract/ids.ts'
import { writeCommits } from './commits.ts'
import { dropLock, holdsLock, takeLock } from './index-lock.ts'
import { branchesStanding, makeBranches, type BranchesPlan } from './make-branches.ts'
import { makeScratch, value, type Scratch } from './scratch-repository.ts'

const made: Scratch[] = []
afterEach(() => made.splice(0).forEach((one) => one.remove()))

const impatient = { sleep: async () => {}, now: () => 0, seconds: 0 }

/** Two commits beside each other, kept by a third, and the branches that they are meant for. */
async function planned(): Promise<{ readonly repo: Scratch; readonly plan: BranchesPlan }> {
  const repo = makeScratch()
  made.push(repo)
  repo.git('commit', '-q', '--allow-empty', '-m', 'begin')
  const ids = value(
    await writeCommits(await repo.dataset(), {
      parent: repo.git('rev-parse', 'HEAD').trim() as CommitId,
      operation: 'op',
      when: { seconds: 1_700_000_000, zone: '+0000' },
      commits: [
        { message: 'one', changes: [], parents: ['base'] },
        { message: 'two', changes: [], parents: ['base'] },
        { message: 'keep', changes: [], parents: ['base', 0, 1] },
      ],
    }),
  )
  const branches = ['one', 'two'].map((name, i) => ({ ref: `refs/heads/${name}`, commit: idAt(ids, i) }))
  return { repo, plan: { operation: 'op', keeper: idAt(ids, 2), branches, reflog: 'waybill: record 2 jobs' } }
}

function idAt(ids: readonly CommitId[], i: number): CommitId {
  return ids[i] ?? ('' as CommitId)
}

test('all branches are made, and the ref that kept their commits is gone', async () => {
  const { repo, plan } = await planned()
  const dataset = await repo.dataset()
  const head = repo.git('rev-parse', 'HEAD')
  value(await makeBranches(dataset, plan, impatient))
  expect(holdsLock(dataset, 'op')).toBe(true)
  for (const { ref, commit } of plan.branches) {
    expect(repo.git('rev-parse', ref).trim()).toBe(commit)
    expect(repo.git('rev-parse', `${ref}^@`)).toBe(head)
  }
  expect(repo.git('for-each-ref', 'refs/waybill')).toBe('')
  expect(value(await branchesStanding(dataset, plan, impatient))).toHaveLength(2)
})

test('where one is there already none is made', async () => {
  const { repo, plan } = await planned()
  repo.git('branch', 'two')
  const done = await makeBranches(await repo.dataset(), plan, impatient)
  expect(done).toMatchObject({ ok: false, failure: { kind: 'branches-not-made' } })
  expect(repo.git('for-each-ref', '--format=%(refname:short)', 'refs/heads')).toBe('main\ntwo\n')
  expect(value(await branchesStanding(await repo.dataset(), plan, impatient))).toEqual([])
})

test('a git that was killed between two of them: what stands is told, also after a commit upon it; its locks go', async () => {
  const { repo, plan } = await planned()
  const dataset = await repo.dataset()
  value(await takeLock(dataset, 'op', impatient))
  const [one, two] = plan.branches
  repo.git('update-ref', one?.ref ?? '', one?.commit ?? '')
  const locks = [
    [join(repo.root, '.git/refs/heads/two.lock'), `${two?.commit}\n`],
    [join(repo.root, '.git/refs/waybill/op.lock'), ''],
    [join(repo.root, '.git/packed-refs.lock'), ''],
  ] as const
  for (const [path, text] of locks) writeFileSync(path, text)
  const theirs = repo.git('commit-tree', '-p', 'one', '-m', 'theirs', 'one^{tree}').trim()
  repo.git('update-ref', 'refs/heads/one', theirs)
  expect(value(await branchesStanding(dataset, plan, impatient))).toEqual([one?.commit])
  for (const [path] of locks) expect(existsSync(path), path).toBe(false)
  expect(repo.git('for-each-ref', 'refs/waybill')).toBe('')
  // A git that comes late can make none of them any more.
  dropLock(dataset, 'op')
  const late = await makeBranches(dataset, { ...plan, branches: plan.branches.slice(1) }, impatient)
  expect(late).toMatchObject({ ok: false, failure: { kind: 'branches-not-made' } })
  expect(repo.git('for-each-ref', 'refs/heads/two')).toBe('')
})

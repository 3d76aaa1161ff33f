import { execFileSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { contentMatches, keyOfLink, keyOfPointer, sizeOfKey } from './annex-key.ts'
import { identifyFiles, identifyOutside } from './identities.ts'
import { absentInputs, fetchInputs } from './inputs.ts'
import { putBack } from './put-back.ts'
import { removeOutputs } from './remove-outputs.ts'
import { annexPaths, makeScratch, value, type Scratch } from './scratch-repository.ts'
import { cleanLeftovers } from './temporary-file.ts'
import { makeWritable, planWritable } from './writable.ts'

const made: Scratch[] = []
afterEach(() => made.splice(0).forEach((one) => one.remove()))
const place = { token: 'abc' }
const keep = (): void => {}

/** Locked, unlocked and absent annexed files, and one in git. */
function annexed(annex: string): Scratch {
  const repo = makeScratch({ annex })
  made.push(repo)
  repo.write('.gitattributes', '* annex.largefiles=largerthan=20b\n')
  for (const name of ['locked', 'sub/l ü', 'n\nl*', 'unlocked', 'absent', 'absent-unlocked'])
    repo.write(`o/${name}`, name.repeat(30))
  repo.write('o/small')
  chmodSync(join(repo.root, 'o/sub/l ü'), 0o755)
  repo.git('annex', 'add', '-q', '.')
  repo.git('annex', 'unlock', '-q', 'o/unlocked', 'o/absent-unlocked')
  repo.git('commit', '-qm', 'one')
  repo.git('clone', '-q', '-c', 'user.name=S', '-c', 'user.email=s@example.org', repo.root, '../store')
  const store = join(repo.root, '../store')
  repo.git('-C', store, 'annex', 'init', '-q', 'store')
  repo.git('-C', store, 'annex', 'get', '-q', '.')
  repo.git('remote', 'add', 'store', store)
  repo.git('fetch', '-q', 'store')
  repo.git('annex', 'merge', '-q')
  repo.git('annex', 'drop', '-q', '--force', 'o/absent', 'o/absent-unlocked')
  return repo
}

for (const annex of annexPaths) {
  describe(`git-annex of ${annex}`, () => {
    test('finds absent content and fetches it, or says why not', async () => {
      const repo = annexed(annex)
      const dataset = await repo.dataset()
      const paths = ['o/locked', 'o/absent', 'o/absent-unlocked', 'o/unlocked', 'o/small', 'o/none']
      const absent = absentInputs(dataset, paths)
      expect(absent.map(({ path, size }) => [path, size])).toEqual([
        ['o/absent', 180],
        ['o/absent-unlocked', 450],
      ])
      const before = await identifyFiles(dataset, paths)
      expect(value(await fetchInputs(dataset, absent, null))).toEqual(
        absent.map(({ path }) => ({ path, fetched: true, message: '' })),
      )
      expect(readFileSync(join(repo.root, 'o/absent'), 'utf8')).toBe('absent'.repeat(30))
      expect(readFileSync(join(repo.root, 'o/absent-unlocked'), 'utf8')).toBe('absent-unlocked'.repeat(30))
      expect(await identifyFiles(dataset, paths)).toEqual(before)
      repo.git('annex', 'drop', '-q', '--force', 'o/absent')
      execFileSync('chmod', ['-R', 'u+w', join(repo.root, '../store')])
      rmSync(join(repo.root, '../store'), { recursive: true })
      const [failed] = value(await fetchInputs(dataset, absentInputs(dataset, ['o/absent']), null))
      expect(failed).toMatchObject({ path: 'o/absent', fetched: false })
      expect(failed?.message).not.toBe('')
    })

    test('an identity is the key, else the id of the bytes', async () => {
      const repo = annexed(annex)
      const dataset = await repo.dataset()
      const ids = value(await identifyFiles(dataset, ['o/sub/l ü', 'o/unlocked', 'o/small', 'o', 'o/none']))
      expect(ids[0]?.key).toMatch(/^SHA256E-s240--/)
      expect(ids[1]?.key).toMatch(/^SHA256E-s240--/)
      expect(ids[2]).toEqual({ path: 'o/small', blob: repo.git('hash-object', 'o/small').trim() })
      expect(ids.slice(3)).toEqual([{ path: 'o' }, { path: 'o/none' }])
      repo.write('o/unlocked', 'changed')
      expect(value(await identifyFiles(dataset, ['o/unlocked']))[0]).toEqual({
        path: 'o/unlocked',
        blob: repo.git('hash-object', '--no-filters', 'o/unlocked').trim(),
      })
      expect(identifyOutside(join(repo.root, 'o/small')).size).toBe(8)
      expect(identifyOutside('/nonexistent')).toEqual({ path: '/nonexistent' })
    })

    test('made writable and put back: the index knows nothing of it', async () => {
      const repo = annexed(annex)
      const dataset = await repo.dataset()
      const index = readFileSync(dataset.indexPath)
      const paths = ['o/locked', 'o/sub/l ü', 'o/n\nl*', 'o/unlocked', 'o/absent', 'o/small']
      const plan = value(planWritable(dataset, paths, place))
      expect(plan.entries.map((entry) => entry.path)).toEqual([
        'o/locked',
        'o/sub/l ü',
        'o/n\nl*',
        'o/absent',
      ])
      expect(plan.bytes).toBe(180 + 240 + 120)
      expect(plan.free).toBeGreaterThan(0)
      const kept: string[] = []
      const notes = value(
        await makeWritable(dataset, plan.entries, place, (note) => {
          const state = lstatSync(join(repo.root, note.path), { throwIfNoEntry: false })
          kept.push(
            `${note.path} ${note.made === null ? 'before' : 'after'} ${state?.isSymbolicLink() ? 'link' : 'file'}`,
          )
        }),
      )
      expect(kept.slice(0, 2)).toEqual(['o/locked before link', 'o/locked after file'])
      expect(readFileSync(dataset.indexPath)).toEqual(index)
      expect(statSync(join(repo.root, 'o/locked')).mode & 0o777).toBe(0o666 & ~process.umask())
      expect(statSync(join(repo.root, 'o/sub/l ü')).mode & 0o111).toBe(0o111)
      expect(lstatSync(join(repo.root, 'o/absent'), { throwIfNoEntry: false })).toBeUndefined()
      writeFileSync(join(repo.root, 'o/locked'), 'locked'.repeat(30))
      writeFileSync(join(repo.root, 'o/n\nl*'), 'the work of the job')
      const back = value(await putBack(dataset, notes, place))
      expect(back.map(({ outcome }) => outcome)).toEqual(['restored', 'restored', 'changed', 'restored'])
      expect(repo.git('diff', '--name-only', '-z')).toBe('o/n\nl*\0')
      expect(repo.git('annex', 'fsck', '-q', 'o/locked', 'o/sub')).toBe('')
    })

    test('the only copy stays, and what the job deleted', async () => {
      const repo = annexed(annex)
      const dataset = await repo.dataset()
      const plan = value(planWritable(dataset, ['o/locked', 'o/n\nl*', 'o/sub/l ü'], place))
      const notes = value(await makeWritable(dataset, plan.entries, place, keep))
      const object = join(repo.root, 'o', plan.entries[0]?.target ?? '')
      chmodSync(dirname(object), 0o755)
      rmSync(object)
      repo.git('annex', 'drop', '-q', '--force', '--key', plan.entries[1]?.key ?? '')
      rmSync(join(repo.root, 'o/sub'), { recursive: true })
      const back = value(await putBack(dataset, notes, place))
      expect(back.map(({ outcome }) => outcome)).toEqual(['only-copy', 'restored', 'gone'])
      expect(readFileSync(join(repo.root, 'o/locked'), 'utf8')).toBe('locked'.repeat(30))
    })

    test('notes from before a kill are enough, and its leftovers are found', async () => {
      const repo = annexed(annex)
      const dataset = await repo.dataset()
      const plan = value(planWritable(dataset, ['o/locked'], place))
      value(await makeWritable(dataset, plan.entries, place, keep))
      const unsure = plan.entries.map(({ path, key, target }) => ({ path, key, target, made: null }))
      expect(value(await putBack(dataset, unsure, place))[0]?.outcome).toBe('restored')
      mkdirSync(join(dataset.commonDir, 'waybill/tmp'), { recursive: true })
      repo.write('.git/waybill/tmp/.waybill-abc-0')
      repo.write('o/.waybill-abc-7')
      repo.write('o/.waybill-abcd-7')
      expect(cleanLeftovers(dataset, 'abc', ['o/locked'])).toHaveLength(2)
    })

    test('makes room for fresh outputs, but loses nothing', async () => {
      const repo = annexed(annex)
      const dataset = await repo.dataset()
      repo.write('o/untracked')
      repo.write('o/unlocked', 'changed by hand')
      const paths = ['o/locked', 'o/absent', 'o/small', 'o/untracked', 'o/unlocked', 'o/none']
      expect(value(await removeOutputs(dataset, paths))).toEqual([
        { path: 'o/locked', outcome: 'removed' },
        { path: 'o/absent', outcome: 'removed' },
        { path: 'o/small', outcome: 'removed' },
        { path: 'o/untracked', outcome: 'kept-untracked' },
        { path: 'o/unlocked', outcome: 'kept-changed' },
      ])
      repo.git('checkout', '--', 'o/locked')
      expect(readFileSync(join(repo.root, 'o/locked'), 'utf8')).toBe('locked'.repeat(30))
    })
  })
}

test('keys', async () => {
  expect(keyOfLink('../.git/annex/objects/xX/yY/MD5-s1--a/MD5-s1--a')).toBe('MD5-s1--a')
  expect(keyOfLink('../objects/MD5-s1--a')).toBeNull()
  expect(keyOfPointer('/annex/objects/SHA256E-s3--ab.tar.gz\n')).toBe('SHA256E-s3--ab.tar.gz')
  expect(keyOfPointer('no /annex/objects/x')).toBeNull()
  expect(sizeOfKey('WORM-s12-m1700000000--x-s99--y')).toBe(12)
  expect(sizeOfKey('WORM-m1700000000-s12--x')).toBe(12)
  expect(sizeOfKey('URL--http&c%%x')).toBeNull()
  expect(await contentMatches('/dev/null', 'MD5E-s0--d41d8cd98f00b204e9800998ecf8427e.tar.gz')).toBe(true)
  expect(await contentMatches('/dev/null', 'SHA1-s0--00')).toBe(false)
  expect(await contentMatches('/dev/null', 'WORM-s0-m1--null')).toBeNull()
})

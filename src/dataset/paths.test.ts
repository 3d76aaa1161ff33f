import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Dataset } from './locate.ts'
import { normalise, normaliser, type RepositoryPath } from './paths.ts'
import { makeScratch, value } from './scratch-repository.ts'
import { ignoredPaths } from './ignored.ts'
import { walk } from './walk.ts'

const repo = makeScratch()
let dataset: Dataset
beforeAll(async () => {
  dataset = await repo.dataset()
})
afterAll(() => repo.remove())

const path = (written: string, patterns = false, cwd = repo.root): unknown => {
  const result = normalise(dataset, cwd, written, { patterns })
  return result.ok ? result.value.path : result.failure
}

test('a path has one form', () => {
  mkdirSync(join(repo.root, 'd/e'), { recursive: true })
  symlinkSync('d', join(repo.root, 'link'))
  symlinkSync('../nowhere', join(repo.root, 'd/data'))
  for (const written of ['./d/x', 'd//x', 'd/e/../x', 'link/x', `${repo.root}/d/x`])
    expect(path(written)).toBe('d/x')
  expect(path('../x/', false, join(repo.root, 'd/e'))).toBe('d/x')
  expect(path('link/e/../x')).toBe('d/x')
  expect(path('link')).toBe('link')
  expect(path('link/')).toBe('d')
  expect(path('d/data')).toBe('d/data')
  expect(path('-new/yet\nnot ü/x')).toBe('-new/yet\nnot ü/x')
  expect(path('.')).toBe('.')
  expect(value(normalise(dataset, repo.root, 'd/')).directory).toBe(true)
  expect(value(normalise(dataset, repo.root, 'd')).directory).toBe(false)
  expect(path('./link/e-*/./x', true)).toBe('d/e-*/x')
  expect(path('d/[a]')).toBe('d/[a]')
})

test('names why a path cannot be used', () => {
  symlinkSync('/tmp', join(repo.root, 'out'))
  execFileSync('git', ['init', '-q', join(repo.root, 'nested')])
  writeFileSync(join(repo.root, '.gitmodules'), '[submodule "s"]\n\tpath = subs/s\n')
  expect(path('../x')).toMatchObject({ kind: 'outside-repository' })
  expect(path(`${repo.root}2/x`)).toMatchObject({ kind: 'outside-repository' })
  expect(path('out/x')).toMatchObject({ kind: 'symlink-leaves', link: 'out' })
  expect(path('out')).toBe('out')
  expect(path('.git/x')).toMatchObject({ kind: 'inside-git-directory' })
  expect(path('nested/a/b')).toMatchObject({ kind: 'inside-submodule', submodule: 'nested' })
  expect(path('subs/s/b')).toMatchObject({ kind: 'subdataset-not-installed', submodule: 'subs/s' })
  const sub = join(repo.root, 'subs/s')
  execFileSync('git', ['init', '-q', sub])
  execFileSync('git', ['init', '-q', join(sub, 'foreign')])
  writeFileSync(join(sub, '.gitmodules'), '[submodule "d"]\n\tpath = d\n')
  expect(path('subs/s/b')).toBe('subs/s/b')
  expect(path('subs/s')).toBe('subs/s')
  expect(path('subs/s/.git/b')).toMatchObject({ kind: 'inside-git-directory' })
  expect(path('subs/s/foreign/b')).toMatchObject({ kind: 'inside-submodule', submodule: 'subs/s/foreign' })
  expect(path('subs/s/d/b')).toMatchObject({ kind: 'subdataset-not-installed', submodule: 'subs/s/d' })
  expect(path('a\uFFFDb')).toMatchObject({ kind: 'not-utf8' })
  expect(path('a*/../b', true)).toMatchObject({ kind: 'bad-path', why: 'parent-after-wildcard' })
  expect(path('')).toMatchObject({ kind: 'bad-path', why: 'empty' })
  for (const long of ['ü'.repeat(128), `a/${'x'.repeat(256)}/b`, 'a/'.repeat(2048)])
    expect(path(long)).toMatchObject({ kind: 'bad-path', why: 'too-long' })
  expect(path('x'.repeat(255))).toBe('x'.repeat(255))
})

test('of many paths at once each is what it is alone', () => {
  const folders = [
    'd',
    'link',
    'd/e',
    'out',
    'nested',
    'subs',
    'subs/s',
    'subs/s/foreign',
    'subs/s/d',
    '.git',
  ]
  const written = folders.flatMap((folder) => [
    folder,
    `${folder}/`,
    `${folder}/x`,
    `${folder}/x/y`,
    `../${folder}`,
  ])
  const cwd = join(repo.root, 'd')
  for (const patterns of [false, true]) {
    const [forwards, backwards] = [
      normaliser(dataset, cwd, { patterns }),
      normaliser(dataset, cwd, { patterns }),
    ]
    const alone = (text: string): unknown => normalise(dataset, cwd, text, { patterns })
    for (const text of written.map((one) => `../${one}`)) expect(forwards(text)).toEqual(alone(text))
    for (const text of written.map((one) => `../${one}`).toReversed())
      expect(backwards(text)).toEqual(alone(text))
  }
})

test('walks what lies below, odd things by their kind', async () => {
  const odd = join(repo.root, 'odd')
  mkdirSync(join(odd, 'empty'), { recursive: true })
  for (const name of ['a b', '-dash', 'n\nl', 'ü', ':(top)x', '.hidden', 'sub/deep/f.txt', 'hid.log'])
    repo.write(`odd/${name}`)
  writeFileSync(Buffer.concat([Buffer.from(`${odd}/bad`), Buffer.from([0xff])]), 'x')
  symlinkSync('nowhere', join(odd, 'broken'))
  symlinkSync('/usr', join(odd, 'directory-link'))
  execFileSync('mkfifo', [join(odd, 'fifo')])
  execFileSync('git', ['init', '-q', join(odd, 'inner')])
  repo.write('.gitignore', '*.log\n')
  const target = (written: string): RepositoryPath =>
    value(normalise(dataset, repo.root, written, { patterns: true }))
  const found = [...walk(repo.root, [target('odd/'), target('odd/sub'), target('gone')])]
  expect(Object.fromEntries(found.map(({ path: name, kind }) => [name, kind]))).toEqual({
    'odd/-dash': 'file',
    'odd/.hidden': 'file',
    'odd/:(top)x': 'file',
    'odd/a b': 'file',
    'odd/bad\uFFFD': 'not-utf8',
    'odd/broken': 'symlink',
    'odd/directory-link': 'symlink',
    'odd/empty': 'empty-directory',
    'odd/fifo': 'fifo',
    'odd/hid.log': 'file',
    'odd/inner': 'repository',
    'odd/n\nl': 'file',
    'odd/sub/deep/f.txt': 'file',
    'odd/ü': 'file',
    gone: 'missing',
  })
  expect(found).toHaveLength(15)
  const names = (written: string): string[] => [...walk(repo.root, [target(written)])].map((one) => one.path)
  expect(names('odd/s*')).toEqual(['odd/sub/deep/f.txt'])
  expect(names('odd/**/*.txt')).toEqual(['odd/sub/deep/f.txt'])
  expect(names('o?d/[!a-g]*.log')).toEqual(['odd/hid.log'])
  expect(names('o?d/[!a-h]*.log')).toEqual([])
  expect(names('odd/hid.{log,txt}')).toEqual(['odd/hid.{log,txt}'])
  expect(names('odd/*/')).not.toContain('odd/a b')
  const files = found.filter((one) => one.kind === 'file' || one.kind === 'symlink').map((one) => one.path)
  expect([...value(await ignoredPaths(dataset, files))]).toEqual(['odd/hid.log'])
})

test('what a rule hides is ignored, unless it is tracked', async () => {
  const dataset = await repo.dataset()
  repo.write('.gitignore', '*.log\nhidden/\n')
  for (const path of ['a.log', 'tracked.log', 'hidden/a', 'hidden/tracked', 'seen']) repo.write(path)
  repo.git('add', '-f', 'tracked.log', 'hidden/tracked')
  const files = ['a.log', 'tracked.log', 'hidden/a', 'hidden/tracked', 'seen', 'absent.log']
  expect([...value(await ignoredPaths(dataset, files))]).toEqual(['a.log', 'hidden/a', 'absent.log'])
})

test('what exists as it is written is no wildcard, and is stored as a pattern that names it alone', async () => {
  const dataset = await repo.dataset()
  repo.write('data [v1]/x')
  repo.write('data v/x')
  const target = (written: string, cwd = repo.root): RepositoryPath =>
    value(normalise(dataset, cwd, written, { patterns: true }))
  const names = (one: RepositoryPath): string[] => [...walk(repo.root, [one])].map(({ path }) => path)
  expect(target('data [v1]/')).toEqual({ path: 'data [[]v1]', directory: true, pattern: true })
  expect(names(target('data [v1]'))).toEqual(['data [v1]/x'])
  expect(names(target('data [v1]/*'))).toEqual(['data [v1]/x'])
  expect(target('new', join(repo.root, 'data [v1]'))).toMatchObject({ path: 'data [[]v1]/new' })
  expect(names(target('data [vw]'))).toEqual(['data v/x'])
  // Its stored form, written again, is what it was.
  expect(target('data [[]v1]')).toMatchObject({ path: 'data [[]v1]', pattern: true })
})

import { afterEach, expect, test } from 'vitest'
import { makeScratch, value, type Scratch } from '../../dataset/scratch-repository.ts'
import { lookUp, type Wanted } from './tree-lookup.ts'

const made: Scratch[] = []
afterEach(() => made.splice(0).forEach((one) => one.remove()))

test.each(['sha1', 'sha256'] as const)('paths and patterns in many commits (%s)', async (format) => {
  const repo = makeScratch(format === 'sha256' ? { format } : {})
  made.push(repo)
  for (const path of ['a/1/x', 'a/2/x', 'a/2/y', 'a/.h', 'b', 'w[1]/f', 'deep/p/q/r.txt', 'deep/s.txt'])
    repo.write(path)
  repo.git('add', '-A')
  repo.git('commit', '-qm', 'one')
  const first = repo.git('rev-parse', 'HEAD').trim()
  repo.git('rm', '-qr', 'a/1')
  repo.git('commit', '-qm', 'two')
  const second = repo.git('rev-parse', 'HEAD').trim()
  const dataset = await repo.dataset()
  const ask = async (commit: string, base: string, ...rests: readonly string[]): Promise<unknown> => {
    const wanted = rests.map((rest): Wanted => ({ commit, base, rest: rest === '' ? [] : rest.split('/') }))
    const found = value(await lookUp(dataset, wanted))
    return found.map((hits) => hits.map((hit) => `${hit.rest} ${hit.type}`).join(', '))
  }
  expect(await ask(first, 'a', '1/x', 'none')).toEqual(['1/x blob', ''])
  expect(await ask(first, 'a', '1/x', '2', '2/none', '3/x', '1/x/y')).toEqual([
    '1/x blob',
    '2 tree',
    '',
    '',
    '',
  ])
  expect(await ask(second, 'a', '1/x')).toEqual([''])
  expect(await ask(second, 'gone', '1/x', 'a', 'b')).toEqual(['', '', ''])
  expect(await ask(first, '', 'b', 'a', 'c')).toEqual(['b blob', 'a tree', ''])
  expect(await ask(first, '', '')).toEqual([' tree'])
  expect(await ask(first, 'b', '')).toEqual([' blob'])
  expect(await ask(first, 'a', '*/x', '[12]/*', '*', '.*')).toEqual([
    '1/x blob, 2/x blob',
    '1/x blob, 2/x blob, 2/y blob',
    '1 tree, 2 tree',
    '.h blob',
  ])
  expect(await ask(first, '', 'w[[]1]/f')).toEqual(['w[1]/f blob'])
  expect(await ask(first, 'deep', '**/*.txt', '**')).toEqual([
    'p/q/r.txt blob, s.txt blob',
    'p/q/r.txt blob, s.txt blob',
  ])
  expect(await ask('0'.repeat(first.length), 'a', '1')).toEqual([''])
})

test('what lies in a submodule is its commit', async () => {
  const repo = makeScratch()
  made.push(repo)
  const below = makeScratch()
  made.push(below)
  below.write('out/x')
  below.git('add', '-A')
  below.git('commit', '-qm', 'one')
  repo.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', below.root, 'sub')
  repo.git('commit', '-qm', 'one')
  const commit = repo.git('rev-parse', 'HEAD').trim()
  const oid = below.git('rev-parse', 'HEAD').trim()
  const wanted = [
    { commit, base: 'sub/out', rest: ['x'] },
    { commit, base: '', rest: ['sub', 'out', 'y'] },
    { commit, base: 'none', rest: ['x'] },
  ]
  const found = value(await lookUp(await repo.dataset(), wanted))
  expect(found.map((hits) => hits.map((hit) => `${hit.type} ${hit.oid}`))).toEqual([
    [`commit ${oid}`],
    [`commit ${oid}`],
    [],
  ])
})

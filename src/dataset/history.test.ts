import { afterEach, expect, test } from 'vitest'
import type { CommitId } from '../contract/ids.ts'
import { readSigning, readSubstitutions } from './config.ts'
import { coveringPrefixes } from './covering-prefixes.ts'
import { readLog, resolveRevision } from './log.ts'
import { addNote, readNote } from './notes.ts'
import { readObjects, readSizes } from './objects.ts'
import { makeScratch, value, type Scratch } from './scratch-repository.ts'

const made: Scratch[] = []
const scratch = (): Scratch => {
  const one = makeScratch()
  made.push(one)
  return one
}
afterEach(() => made.splice(0).forEach((one) => one.remove()))

test('reads the history, all of it or some', async () => {
  const repo = scratch()
  repo.write('a')
  repo.git('add', 'a')
  repo.git('commit', '-qm', 'one\n\n=== mark ===\nü')
  repo.git('commit', '-q', '--allow-empty', '-m', 'two')
  const dataset = await repo.dataset()
  const log = async (request: object): Promise<readonly string[]> =>
    value(await readLog(dataset, { revisions: ['HEAD'], order: 'newest-first', ...request })).map(
      (one) => one.message,
    )
  expect(await log({})).toEqual(['two\n', 'one\n\n=== mark ===\nü\n'])
  expect(await log({ order: 'oldest-first', limit: 1 })).toEqual(['two\n'])
  expect(await log({ containing: '=== mark' })).toEqual(['one\n\n=== mark ===\nü\n'])
  expect(await log({ paths: ['a'] })).toEqual(['one\n\n=== mark ===\nü\n'])
  expect(await log({ paths: ['*'] })).toEqual([])
  const [tip, first] = value(await readLog(dataset, { revisions: ['HEAD'], order: 'newest-first' }))
  expect(tip?.parents).toEqual([first?.commit])
  expect(first?.parents).toEqual([])
  expect(value(await resolveRevision(dataset, 'HEAD~1'))).toBe(first?.commit)
  expect(await resolveRevision(dataset, '--all')).toMatchObject({ failure: { kind: 'no-such-revision' } })
  expect(await resolveRevision(dataset, 'nothing')).toMatchObject({ failure: { kind: 'no-such-revision' } })
})

test('notes grow by paragraphs', async () => {
  const repo = scratch()
  repo.git('commit', '-q', '--allow-empty', '-m', 'one')
  const dataset = await repo.dataset()
  const commit = repo.git('rev-parse', 'HEAD').trim() as CommitId
  expect(value(await readNote(dataset, commit))).toBeNull()
  value(await addNote(dataset, commit, '{\n "a": 1\n}'))
  value(await addNote(dataset, commit, 'two'))
  expect(value(await readNote(dataset, commit))).toBe('{\n "a": 1\n}\n\ntwo\n')
  expect(repo.git('status', '--porcelain')).toBe('')
})

test('many objects by one process, missing ones too', async () => {
  const repo = scratch()
  repo.write('a', 'x\ny')
  repo.git('add', 'a')
  const oid = repo.git('hash-object', 'a').trim()
  const dataset = await repo.dataset()
  const read = value(await readObjects(dataset, [oid, '0'.repeat(40), ':a']))
  expect(read.map((one) => one?.content.toString() ?? null)).toEqual(['x\ny', null, 'x\ny'])
  expect(value(await readSizes(dataset, [oid, '0'.repeat(40)]))).toEqual([3, null])
})

test('configuration of placeholders and signing', async () => {
  const repo = scratch()
  repo.write(
    '.datalad/config',
    '[datalad "dataset"]\n id = x\n[datalad "run.substitutions"]\n Tool = theirs\n more = m\n',
  )
  repo.git('config', 'datalad.run.substitutions.Tool', 'a "b"\nc')
  const dataset = await repo.dataset()
  expect(value(await readSubstitutions(dataset))).toEqual({ tool: 'a "b"\nc', more: 'm' })
  expect(value(await readSigning(dataset))).toBe(false)
  repo.git('config', 'commit.gpgSign', 'yes')
  expect(value(await readSigning(dataset))).toBe(true)
})

test('few prefixes stand for many paths', () => {
  const many = Array.from({ length: 100 }, (_, i) => `o/${i % 3}/${i}`)
  expect(coveringPrefixes(many)).toEqual(['o/0', 'o/1', 'o/2'])
  expect(coveringPrefixes(Array.from({ length: 100 }, (_, i) => `f${i}`))).toBeNull()
  expect(coveringPrefixes(['a', 'b/c'])).toEqual(['a', 'b/c'])
})

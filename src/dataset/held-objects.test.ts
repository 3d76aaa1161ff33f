import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import type { CommitId } from '../contract/ids.ts'
import { holdObjects, type HeldObjects } from './held-objects.ts'
import type { Dataset } from './locate.ts'
import { readObjects, readSizes } from './objects.ts'
import { makeScratch, value, type Scratch } from './scratch-repository.ts'
import { listTree } from './tree.ts'

const made: (Scratch | { readonly remove: () => void })[] = []
afterEach(() => {
  vi.useRealTimers()
  made.splice(0).forEach((one) => one.remove())
})

async function holding(): Promise<{
  readonly repo: Scratch
  readonly plain: Dataset
  readonly dataset: Dataset & { readonly objects: HeldObjects }
}> {
  const repo = makeScratch()
  const plain = await repo.dataset()
  const objects = holdObjects(plain)
  made.push(repo, { remove: objects.close })
  return { repo, plain, dataset: { ...plain, objects } }
}

const tip = (repo: Scratch): CommitId => repo.git('rev-parse', 'HEAD').trim() as CommitId

function commit(repo: Scratch): CommitId {
  repo.git('add', '-A')
  repo.git('commit', '-q', '--allow-empty', '-m', 'x')
  return tip(repo)
}

test('what was stored since is seen, packed or not', async () => {
  const { repo, dataset } = await holding()
  const large = 'x\ny\0'.repeat(300_000)
  for (const content of ['', 'one\n', large, '\n\n']) {
    repo.write('a', content)
    const at = commit(repo)
    const names = [`${at}:a`, '0'.repeat(40), at, 'no such name', `${at}:a`]
    const read = value(await readObjects(dataset, names))
    expect(read.map((one) => one?.type)).toEqual(['blob', undefined, 'commit', undefined, 'blob'])
    expect(read[0]?.content.toString()).toBe(content)
    expect(read[4]?.content.toString()).toBe(content)
    expect(value(await readSizes(dataset, [`${at}:a`, '0'.repeat(40)]))).toEqual([content.length, null])
    repo.git('gc', '-q', '--prune=now')
  }
})

test('many questions at once are each answered', async () => {
  const { repo, dataset } = await holding()
  const oids = Array.from({ length: 50 }, (_, i) => {
    repo.write('a', `${i}`)
    return repo.git('hash-object', '-w', 'a').trim()
  })
  const answers = await Promise.all(oids.map(async (oid) => readObjects(dataset, [oid, oid])))
  expect(answers.map((one) => value(one).map((object) => object?.content.toString()))).toEqual(
    oids.map((_, i) => [`${i}`, `${i}`]),
  )
})

test('a process that was killed is missed by nobody', async () => {
  const { repo, dataset } = await holding()
  repo.write('a', 'one')
  const at = commit(repo)
  for (let again = 0; again < 3; again++) {
    const [object] = value(await readObjects(dataset, [`${at}:a`]))
    expect(object?.content.toString()).toBe('one')
    for (const pid of childrenOf(process.pid)) process.kill(pid, 'SIGKILL')
  }
})

test('a name that is not one line shifts no answer', async () => {
  const { repo, dataset } = await holding()
  for (const path of ['a', 'b', 'c\r']) repo.write(path, path)
  const at = commit(repo)
  await readObjects(dataset, [`${at}:a\n${at}:b`])
  await readSizes(dataset, [`${at}:a\n${at}:b`])
  for (const path of ['a', 'b']) {
    const [object] = value(await readObjects(dataset, [`${at}:${path}`]))
    expect(object?.content.toString()).toBe(path)
  }
  expect(value(await readSizes(dataset, ['0'.repeat(40), `${at}:a`]))).toEqual([null, 1])
  expect(await dataset.objects.read([`${at}:c\r`])).toBeNull()
})

test('nobody who is closed starts a process, and one that is not asked for a while ends', async () => {
  // Those of the tests before take a moment to end.
  await expect.poll(() => childrenOf(process.pid)).toEqual([])
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { repo, dataset } = await holding()
  repo.write('a', 'one')
  const at = commit(repo)
  const ask = async (): Promise<string | undefined> =>
    value(await readObjects(dataset, [`${at}:a`]))[0]?.content.toString()
  expect(await ask()).toBe('one')
  const [first, ...others] = childrenOf(process.pid)
  expect(others).toEqual([])
  vi.advanceTimersByTime(60_000)
  expect(await ask()).toBe('one')
  vi.useRealTimers()
  await expect.poll(() => childrenOf(process.pid)).not.toContain(first)
  dataset.objects.close()
  expect(await ask()).toBe('one')
  await expect.poll(() => childrenOf(process.pid)).toEqual([])
})

test('paths are listed as ls-tree lists them', async () => {
  const { repo, plain, dataset } = await holding()
  const odd = [
    '-dash',
    'ü ber',
    'new\nline',
    'a b/c d',
    '*',
    'deep/er/x',
    'deep/y',
    'deep.er',
    'top',
    'cr\r/x',
    'cr/y',
  ]
  for (const path of odd) repo.write(path, path)
  repo.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`)
  repo.git('commit', '-q', '-m', 'with a submodule')
  const at = commit(repo)
  const lists: readonly (readonly string[])[] = [
    ...odd.map((path) => [path]),
    ['sub'],
    ['sub/in it'],
    ['deep'],
    ['deep', 'top'],
    ['deep/er/x', 'deep/y', 'top', 'no', 'no/such', 'top/below'],
    ['deep/y', 'deep/y'],
    ['.'],
    [],
    ['./top'],
    ['deep/'],
  ]
  for (const paths of lists) {
    const sorted = async (of: Dataset): Promise<readonly string[]> =>
      value(await listTree(of, at, paths))
        .map((entry) => JSON.stringify(entry))
        .toSorted()
    expect(await sorted(dataset), paths.join()).toEqual(await sorted(plain))
  }
})

/** Processes of git that this one has started. */
function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [, , ppid] = stat.slice(stat.lastIndexOf(')')).split(' ')
      return Number(ppid) === parent && stat.includes('(git)') ? [Number(name)] : []
    } catch {
      return []
    }
  })
}

import { expect, test } from 'vitest'
import { datalad, slurmSubmit } from './support/datalad.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, finish, sandboxWithDataset, scheduleToEnd, status } from './support/scenario.ts'
import { whole } from './support/template.ts'

type Program = 'waybill' | 'datalad'

/** What a repository looks like afterwards; ids of jobs and commits are named by their place. */
interface After {
  readonly branches: readonly string[]
  readonly parents: Readonly<Record<string, readonly string[]>>
  readonly trees: Readonly<Record<string, string>>
  readonly subject: string
  readonly checkedOut: string
  readonly status: string
  readonly files: string
  readonly content: string
}

const works = [
  'mkdir one; echo 1 >one/x; head -c 3000 /dev/zero >one/y.bin; echo more >>kept/old.txt',
  'mkdir -p two/deep; echo 2 >two/deep/x',
  'mkdir three; echo 3 >three/x',
]
const outputs = [['one', 'kept'], ['two'], ['three']]

/** Three jobs in a fresh dataset, finished by one of the two programs. */
async function finishedBy(program: Program, option: string): Promise<After> {
  await using box = await sandboxWithDataset({ annex: 'wheel' })
  await addFiles(box, 'ds', { 'kept/old.txt': 'old\n' })
  const ids: string[] = []
  for (const [i, work] of works.entries()) {
    const words = [...(outputs[i] ?? []).flatMap((path) => ['-o', path]), 'sbatch', 'job.sh', work]
    const id =
      program === 'waybill'
        ? (await scheduleToEnd(box, words)).id
        : await slurmSubmit(box, ['slurm-schedule', ...words])
    await jobEnded(box, id)
    await jobAccounted(box, id)
    ids.push(String(id))
  }
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  if (program === 'waybill') await finish(box, [option])
  else await datalad(box, 'new', ['slurm-finish', option])
  const after = await look(box, ids, head)
  if (program === 'waybill') await whole(box)
  return after
}

async function look(box: Sandbox, ids: readonly string[], head: string): Promise<After> {
  const names = new Map([[head, 'START']])
  const named = (text: string): string =>
    ids.reduce((done, id, i) => done.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), `JOB${i}`), text)
  const list = await box.git('ds', 'for-each-ref', '--format=%(refname:short)', 'refs/heads')
  const branches = list.split('\n').filter((name) => name !== 'git-annex')
  const log = await box.git('ds', 'log', '-z', '--branches=slurm-*', 'main', '--format=%H %P%n%B', `^${head}`)
  const parents: Record<string, readonly string[]> = {}
  const trees: Record<string, string> = {}
  for (const one of log.split('\0').filter((text) => text !== '')) {
    const [line = '', title = ''] = one.split('\n')
    const [commit = '', ...above] = line.split(' ')
    const job = ids.findIndex((id) => title.includes(`job ${id}:`))
    names.set(commit, job < 0 ? 'MERGE' : `RECORD${job}`)
    parents[names.get(commit) ?? ''] = above
    trees[names.get(commit) ?? ''] = named(await box.git('ds', 'ls-tree', '-r', '--name-only', commit))
  }
  const files = await box.run(['sh', '-c', 'find . -path ./.git -prune -o -print | LC_ALL=C sort'], {
    cwd: 'ds',
  })
  return {
    branches: branches.map(named).toSorted(),
    parents: Object.fromEntries(
      Object.entries(parents).map(([name, above]) => [
        name,
        above.map((id) => names.get(id) ?? id).toSorted(),
      ]),
    ),
    trees,
    subject: named(await box.git('ds', 'log', '-1', '--format=%s')),
    checkedOut: await box.git('ds', 'branch', '--show-current'),
    status: named(await status(box)),
    files: named(files.stdout),
    content: box.read('ds/kept/old.txt'),
  }
}

// A record of ours brings the script along only where the tree does not hold it; here it does.
test('--branches leaves branches, parents, trees and the work tree as datalad-slurm does', async () => {
  const [ours, theirs] = await Promise.all([
    finishedBy('waybill', '--branches'),
    finishedBy('datalad', '--branches'),
  ])
  expect(ours).toEqual(theirs)
  expect(ours.branches).toEqual(['main', ...[0, 1, 2].map((i) => `slurm-job-branch-JOB${i}`)])
  expect(ours.status).toBe('')
  expect(ours.content).toBe('old\n')
  expect(ours.parents).toEqual({ RECORD0: ['START'], RECORD1: ['START'], RECORD2: ['START'] })
})

test('--octopus leaves the same history and work tree, but that ours names where it began as a parent of the merge', async () => {
  const [ours, theirs] = [await finishedBy('waybill', '--octopus'), await finishedBy('datalad', '--octopus')]
  const records = ['RECORD0', 'RECORD1', 'RECORD2']
  expect(theirs.parents['MERGE']).toEqual(records)
  expect(ours.parents['MERGE']).toEqual([...records, 'START'])
  expect({ ...ours, parents: { ...ours.parents, MERGE: records } }).toEqual(theirs)
  expect(ours.branches).toEqual(['main'])
  expect(ours.subject).toBe('Merge all branches from finished jobs')
})

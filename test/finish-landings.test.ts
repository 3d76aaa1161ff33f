import { expect, test } from 'vitest'
import { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  openJobs,
  sandboxWithDataset,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'
import { pointerAndHead, sandboxWithSubdatasets } from './support/subdatasets.ts'
import { recordsByJob, whole } from './support/template.ts'

test.each(['--branches', '--octopus'])(
  '%s on a branch without a commit: refused, and nothing is touched',
  async (option) => {
    await using box = await Sandbox.create()
    await box.dataset('ds', { annex: 'none' })
    box.write('ds/job.sh', '#!/bin/sh\nmkdir out; echo 1 >out/x\n')
    const { job } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh'])
    const before = await status(box)
    const told = await tell(box, ['finish', option])
    expect(told.code).toBe(1)
    expect(told.words).toContain('there is no commit yet')
    expect(await openJobs(box)).toEqual([job])
    expect(await status(box)).toBe(before)
    await finish(box)
  },
)

test.each(['--branches', '--octopus'])(
  '%s in a signed history: every commit is signed, upon the right parents',
  async (option) => {
    await using box = await sandboxWithDataset()
    await box.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', 'key'])
    for (const [name, value] of [
      ['gpg.format', 'ssh'],
      ['user.signingkey', box.path('key.pub')],
      ['commit.gpgsign', 'true'],
    ] as const)
      await box.git('ds', 'config', name, value)
    const head = await box.git('ds', 'rev-parse', 'HEAD')
    const ids = []
    for (const name of ['a', 'b'])
      ids.push((await scheduleToEnd(box, ['-o', name, 'sbatch', 'job.sh', `echo 1 >${name}`])).id)
    await finish(box, [option])
    const tips =
      option === '--branches' ? ids.map((id) => `slurm-job-branch-${id}`) : ['HEAD^2', 'HEAD^3', 'HEAD']
    for (const tip of tips) {
      expect(await box.git('ds', 'cat-file', 'commit', tip)).toContain('gpgsig -----BEGIN SSH SIGNATURE-----')
      expect(await box.git('ds', 'rev-parse', `${tip}^1`)).toBe(head)
    }
    expect(await status(box)).toBe('')
  },
)

test('two finishes at once, one to branches and one to a merge: each job is recorded once', async () => {
  await using box = await sandboxWithDataset()
  const ids = []
  for (const name of ['a', 'b', 'c'])
    ids.push(String((await scheduleToEnd(box, ['-o', name, 'sbatch', 'job.sh', `echo 1 >${name}`])).id))
  const told = await Promise.all(
    ['--branches', '--octopus', '--branches'].map((one) => tell(box, ['finish', one])),
  )
  for (const { code, words } of told) expect(code, words).toBe(0)
  expect(await recordsByJob(box, '--all')).toEqual(Object.fromEntries(ids.map((id) => [id, 1])))
  expect(await openJobs(box)).toEqual([])
  expect(await status(box)).toBe('')
  await whole(box)
})

test('--octopus wins over --branches, as with datalad-slurm', async () => {
  await using box = await sandboxWithDataset()
  for (const name of ['a', 'b']) await scheduleToEnd(box, ['-o', name, 'sbatch', 'job.sh', `echo 1 >${name}`])
  await finish(box, ['--branches', '--octopus'])
  expect(await box.git('ds', 'branch', '--format=%(refname:short)', '--list', 'slurm-*')).toBe('')
  expect(await box.git('ds', 'log', '-1', '--format=%s')).toBe('Merge all branches from finished jobs')
})

test('a plain git repository, with a .gitattributes filter: what git made of a file is compared, not its bytes', async () => {
  await using box = await Sandbox.create()
  await box.dataset('ds', { annex: 'none' })
  await addFiles(box, 'ds', { 'job.sh': '#!/bin/sh\neval "$1"\n', '.gitattributes': '*.txt text eol=crlf\n' })
  const work =
    "mkdir d; printf '1\\r\\n' >d/x.txt; echo '#!/bin/sh' >d/run; chmod +x d/run; ln -s nowhere d/link"
  const { id } = await scheduleToEnd(box, ['-o', 'd', 'sbatch', 'job.sh', work])
  await finish(box, ['--branches'])
  expect(await status(box)).toBe('')
  expect(box.exists('ds/d')).toBe(false)
  await box.git('ds', 'merge', '-q', `slurm-job-branch-${id}`)
  expect(box.read('ds/d/x.txt')).toBe('1\r\n')
  expect(box.exists('ds/d/link', 'link')).toBe(true)
})

test('outputs in a subdataset: branches point to its commits, and a merge to the last of them', async () => {
  await using box = await sandboxWithSubdatasets()
  const ids: number[] = []
  const run = async (n: number): Promise<void> => {
    const work = `mkdir sub/o${n}; echo ${n} >sub/o${n}/x`
    ids.push((await scheduleToEnd(box, ['-o', `sub/o${n}`, 'sbatch', 'job.sh', work])).id)
  }
  for (const n of [1, 2]) await run(n)
  await finish(box, ['--octopus'])
  const [pointer, head] = await pointerAndHead(box, 'ds', 'sub')
  expect(pointer).toBe(head)
  expect(await status(box)).toBe('')
  for (const n of [3, 4]) await run(n)
  await finish(box, ['--branches'])
  for (const [i, commit] of [
    [2, 'HEAD^'],
    [3, 'HEAD'],
  ] as const) {
    const pointed = await box.git('ds', 'rev-parse', `slurm-job-branch-${ids[i]}:sub`)
    expect(pointed).toBe(await box.git('ds/sub', 'rev-parse', commit))
  }
  // As after a checkout: the subdataset is ahead of what the branch here points to.
  expect(await status(box)).toBe(' M sub')
  expect(await status(box, 'ds/sub')).toBe('')
})

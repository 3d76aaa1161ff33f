import { expect, test } from 'vitest'
import type { CommitId, JobId, JobToken, SchedulerJobId } from '../../contract/ids.ts'
import type { Job } from '../context.ts'
import type { Evidence, Group } from '../evidence.ts'
import { buildRecord, type RecordParts } from './record.ts'
import type { JobSpec } from '../spec.ts'

const spec: JobSpec = {
  title: 'DATALAD SLURM RUN',
  cmd: 'sbatch job.sh',
  words: ['sbatch', 'job.sh'],
  place: '',
  pwd: 'sub/dir',
  message: 'first try',
  inputs: ['data/a.csv', '/scratch/b'],
  extraInputs: [],
  outputs: ['sub/dir/out', 'other'],
  chain: [],
  repeats: null,
  dsid: 'd',
  commit: 'c0ffee' as CommitId,
  differed: [],
  script: { path: 'job.sh', blob: 'b10b' },
  identities: [{ path: 'data/a.csv', blob: 'aa' }],
  parts: { kind: 'single' },
  logs: null,
  array: null,
}

function parts(
  change: Partial<JobSpec>,
  groups: readonly Group[],
  more: Partial<RecordParts> = {},
): RecordParts {
  const job: Job = {
    id: 7 as JobId,
    token: 'tok' as JobToken,
    state: 'ended',
    scheduler: change.title === 'DATALAD RUNCMD' ? 'local' : 'slurm',
    schedulerId: '42' as SchedulerJobId,
    cluster: 'c',
    createdAt: 1,
    submittedAt: 2,
    endedAt: 4,
    user: 'someone',
    worktree: '/w',
    branch: 'refs/heads/main',
    submitter: null,
    spec: { ...spec, ...change },
    observed: null,
    commit: null,
    members: [],
    recorded: [],
    held: null,
  }
  const facts = { name: 'n', node_list: 'n1', work_dir: '/home/someone', stdout: '/home/someone/x' }
  const evidence: Evidence = {
    at: 5,
    groups,
    started: 3,
    ended: 4,
    facts,
    attempts: [],
    accounting: 'complete',
  }
  const files = ['sub/dir/slurm-42.out', 'sub/dir/slurm-job-42.env.json']
  const base = { job, evidence, part: null, version: '1', slurmFiles: files, slurmPatterns: files }
  return { ...base, scriptCopy: null, logsOutside: [], outputs: job.spec.outputs, message: null, ...more }
}

const done: Group = { parts: '', state: 'COMPLETED', reason: null, exit: { code: 0, signal: 0 } }

test('paths stand as datalad-slurm has them: outputs from the root, inputs and logs from the directory', () => {
  const { record, text } = buildRecord(parts({}, [done]))
  expect(record).toMatchObject({
    inputs: ['../../data/a.csv', '/scratch/b'],
    outputs: ['sub/dir/out', 'other', 'sub/dir/slurm-42.out', 'sub/dir/slurm-job-42.env.json'],
    slurm_outputs: ['slurm-42.out', 'slurm-job-42.env.json'],
    pwd: 'sub/dir',
    slurm_job_id: 42,
  })
  expect(text).toBe('Slurm job 42: Completed\n\nfirst try')
})

test('in a RUNCMD all are relative to the directory, and the exit code is told', () => {
  const failed: Group = { ...done, state: 'FAILED', exit: { code: 0, signal: 9 } }
  const { record, title } = buildRecord(parts({ title: 'DATALAD RUNCMD' }, [failed]))
  expect(title).toBe('DATALAD RUNCMD')
  expect(record).toMatchObject({ outputs: ['out', '../../other'], exit: 137 })
  expect(record).not.toHaveProperty('slurm_job_id')
})

test('no path of a home and no user name is in it', () => {
  expect(JSON.stringify(buildRecord(parts({}, [done])))).not.toContain('someone')
})

test('long lists go to a file that the record names; DataLad gets patterns, people the tasks', () => {
  const logs = Array.from({ length: 2000 }, (_, i) => `sub/dir/slurm-42_${i}.out`)
  const groups: readonly Group[] = [
    { ...done, parts: '0-1998' },
    { ...done, parts: '1999', state: 'FAILED', exit: { code: 1, signal: 0 } },
  ]
  const built = buildRecord(
    parts({ parts: { kind: 'array', indices: '0-1999' } }, groups, {
      slurmFiles: logs,
      slurmPatterns: ['sub/dir/slurm-42_*.out'],
    }),
  )
  expect(Buffer.byteLength(JSON.stringify(built.record))).toBeLessThan(4000)
  expect(built.record.slurm_outputs).toEqual(['slurm-42_*.out'])
  expect(built.record.waybill).toMatchObject({
    lists: built.lists?.path,
    tasks: ['0-1998 COMPLETED', '1999 FAILED 1:0'],
  })
  expect(built.lists?.content).toMatchObject({
    slurm_outputs: logs,
    inputs: [{ path: 'data/a.csv', blob: 'aa' }],
  })
  expect(built.text).toMatch(/^Slurm job 42: Array failed \(some complete\)/)
})

test('a repetition says what it repeats', () => {
  const { text, record } = buildRecord(
    parts({ chain: ['abc'], repeats: 6 }, [done], { message: 'at finish' }),
  )
  expect(text).toBe('Slurm job 42: Completed\n\nat finish\n\nfirst try\n\nRe-submission of job 6.')
  expect(record.chain).toEqual(['abc'])
})

test('tasks that ended alike stand in one line, whoever told of them', () => {
  const told = (groups: readonly Group[]): unknown =>
    buildRecord(parts({ parts: { kind: 'array', indices: '0-4' } }, groups)).record.waybill?.['tasks']
  expect(
    told([
      { parts: '0,2', state: 'COMPLETED', reason: null, exit: { code: 0, signal: 0 } },
      { parts: '3', state: 'FAILED', reason: null, exit: { code: 1, signal: 0 } },
      { parts: '1,4', state: 'COMPLETED', reason: 'None', exit: null },
    ]),
  ).toEqual(['0-2,4 COMPLETED', '3 FAILED 1:0'])
})

test('an asset stands in the record, and many keys of it in the lists', () => {
  const asset = { name: 'model', keys: ['gold'], code: 'c', inputs: 'i', upstream: { a: 'u' }, run: 'r' }
  const small = buildRecord(parts({ asset }, [done]))
  expect(small.record.waybill?.['asset']).toEqual(asset)
  expect(small.lists).toBeNull()
  const keys = Array.from({ length: 200 }, (_, i) => `${i}`)
  const large = buildRecord(parts({ asset: { ...asset, keys } }, [done]))
  expect(large.record.waybill?.['asset']).toEqual({
    name: 'model',
    code: 'c',
    inputs: 'i',
    upstream: { a: 'u' },
    run: 'r',
    key_count: 200,
  })
  expect(large.lists?.content).toMatchObject({ asset: { keys } })
})

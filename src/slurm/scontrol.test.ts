import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readComplaints } from './cancel.ts'
import { readConfig } from './config.ts'
import { environmentFacts, readJobs } from './scontrol.ts'

const fixture = (name: string): string =>
  readFileSync(new URL(`fixtures/${name}-22.05.8.txt`, import.meta.url), 'utf8')

test('records are told apart, whatever a name holds', () => {
  const [odd, leader, component, ...more] = readJobs(fixture('scontrol-job'))
  expect(more).toEqual([])
  expect(odd).toMatchObject({
    JobId: '7',
    JobName: 'na|me =x\nJobId=1 \x1fu\x1e\n ü',
    JobState: 'FAILED',
    Reason: 'NonZeroExitCode',
    ExitCode: '3:0',
    'AllocNode:Sid': expect.stringContaining(':'),
    'ReqB:S:C:T': '0:0:*:*',
    TRES: 'cpu=1,mem=64M,node=1,billing=1',
    Command: '/data/lab/three.sh',
    WorkDir: '/data/lab',
    Comment: 'waybill:cccccccccccccccccccc',
    StdOut: '/data/lab/slurm-7.out',
  })
  expect(leader).toMatchObject({ JobId: '10', HetJobId: '10', HetJobOffset: '0' })
  expect(component).toMatchObject({ JobId: '11', HetJobOffset: '1', NumCPUs: '2' })
})

test('a pending array is one record', () => {
  expect(readJobs(fixture('scontrol-pending-array'))).toMatchObject([
    { JobId: '9', ArrayJobId: '9', ArrayTaskId: '0-100:2%3', JobName: 'zero.sh' },
  ])
})

test('single values keep blanks and equals signs', () => {
  const text =
    'JobId=1 JobName=a b=c\n   UserId=ada(1) GroupId=lab(2) MCS_label=N/A\n   Command=/x y/z=1 Q=2\n' +
    '   WorkDir=/d  e\nf\n   Comment=two words=3 \n   Power=\n   \n\n'
  expect(readJobs(text)).toEqual([
    {
      JobId: '1',
      JobName: 'a b=c',
      UserId: 'ada(1)',
      GroupId: 'lab(2)',
      MCS_label: 'N/A',
      Command: '/x y/z=1 Q=2',
      WorkDir: '/d  e\nf',
      Comment: 'two words=3',
      Power: '',
    },
  ])
})

test('nobody is named in what is kept', () => {
  const [record = {}] = readJobs(fixture('scontrol-job'))
  const kept = environmentFacts(record)
  for (const key of ['UserId', 'GroupId', 'JobId', 'AllocNode:Sid']) expect(kept).not.toHaveProperty(key)
  expect(kept).toMatchObject({ JobState: 'FAILED', StdOut: '/data/lab/slurm-7.out' })
})

test('the configuration', () => {
  expect(readConfig(fixture('scontrol-config'))).toEqual({
    clusterName: 'preempt',
    messageTimeout: 5,
    minJobAge: 300,
    maxArraySize: 1001,
    maxJobCount: 10_000,
    enforcesLimits: false,
  })
  expect(readConfig('AccountingStorageEnforce = associations,limits,qos\n').enforcesLimits).toBe(true)
  expect(readConfig('ClusterName             = (null)\n').clusterName).toBeNull()
})

test('complaints of scancel -v', () => {
  const text =
    'scancel: Terminating job 6_3\nscancel: Terminating job 10\n' +
    'scancel: error: Kill job error on job id 10: Job/step already completing or completed\n' +
    'scancel: error: Kill job error on job id 6_3: Access/permission denied\n'
  expect([...readComplaints(text)]).toEqual([
    ['10', 'Job/step already completing or completed'],
    ['6', 'Access/permission denied'],
  ])
})

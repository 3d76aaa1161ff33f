import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readQueue } from './queue.ts'

const text = readFileSync(new URL('fixtures/squeue-22.05.8.txt', import.meta.url), 'utf8')
const entries = readQueue(text, null)
const rowOf = (job: string, part: number | null = null) =>
  entries.find(({ row }) => row.job === job && (row.task ?? row.component) === part)

test('every record is one row', () => {
  expect(entries).toHaveLength(18)
})

test('a job that is over', () => {
  expect(rowOf('5')).toMatchObject({
    comment: 'waybill:aaaaaaaaaaaaaaaaaaaa',
    row: {
      job: '5',
      cluster: null,
      task: null,
      folded: null,
      component: null,
      state: 'COMPLETED',
      reason: null,
      exit: null,
      submitted: 1795223892,
      started: 1795223893,
      ended: 1795223895,
      user: 'root',
      facts: {
        name: 'mem.sh',
        elapsed_seconds: 2,
        nodes: 1,
        cores: 1,
        node_list: 'n1',
        partition: 'work',
        account: 'root',
        qos: 'normal',
        work_dir: '/data/lab',
      },
    },
  })
})

test('a running job has no end, whatever its time limit foretells', () => {
  expect(rowOf('14')?.row).toMatchObject({ state: 'RUNNING', started: 1795223893, ended: null })
})

test('pending tasks stay folded, without their limit', () => {
  expect(rowOf('9')?.row).toMatchObject({
    folded: '0-100:2',
    task: null,
    state: 'PENDING',
    reason: 'JobHeldUser',
    started: null,
  })
  expect(rowOf('9')?.row.facts).not.toHaveProperty('elapsed_seconds')
})

test('tasks and components have their numbers', () => {
  expect(rowOf('8', 7)).toMatchObject({ rawId: '8', row: { state: 'FAILED', reason: 'NonZeroExitCode' } })
  expect(rowOf('8', 2)).toMatchObject({ rawId: '16', row: { state: 'COMPLETED' } })
  expect(rowOf('10', 1)).toMatchObject({ rawId: '11', row: { component: 1, facts: { cores: 2 } } })
})

test('a name may hold bars, newlines, and our own separators', () => {
  expect(rowOf('7')).toMatchObject({
    comment: 'waybill:cccccccccccccccccccc',
    row: { state: 'FAILED', facts: { name: 'na|me =x\nJobId=1 \x1fu\x1e\n ü', work_dir: '/data/lab' } },
  })
})

test('nothing is no row', () => {
  expect(readQueue('', null)).toEqual([])
})

test('of some jobs only those that are wanted are read, odd names and all', () => {
  for (const job of new Set(entries.map(({ row }) => row.job))) {
    expect(readQueue(text, null, new Set([job]))).toEqual(entries.filter(({ row }) => row.job === job))
  }
  expect(readQueue(text, null, new Set())).toEqual([])
})

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readAccounting } from './accounting.ts'

const text = readFileSync(new URL('fixtures/sacct-22.05.8.txt', import.meta.url), 'utf8')
// It was recorded when no more was asked.
const columnsThen = (
  'JobID,Cluster,User,State,Reason,ExitCode,Submit,Start,End,ElapsedRaw,TotalCPU,MaxRSS,AllocTRES,NNodes,NCPUS,' +
  'NodeList,Partition,Account,QOS,WorkDir,JobName,SubmitLine'
).split(',')
const entries = readAccounting(text, columnsThen)
const rowsOf = (job: string) => entries.filter(({ row }) => row.job === job).map(({ row }) => row)

test('one row an attempt of a part', () => {
  expect(entries).toHaveLength(20)
})

test('memory and CPU time are over all steps, and a step that did badly shows', () => {
  const [row] = rowsOf('5')
  expect(row).toMatchObject({
    cluster: 'preempt',
    user: 'root',
    state: 'COMPLETED',
    exit: { code: 0, signal: 0 },
    submitted: 1795223892,
    started: 1795223893,
    ended: 1795223895,
  })
  expect(row?.facts).toEqual({
    name: 'mem.sh',
    elapsed_seconds: 2,
    cpu_seconds: 0.198,
    max_memory_bytes: 46060 * 1024,
    allocated_memory_bytes: 64 * 1024 ** 2,
    node_seconds: 2,
    billing: 1,
    nodes: 1,
    cores: 1,
    node_list: 'n1',
    partition: 'work',
    account: 'root',
    qos: 'normal',
    work_dir: '/data/lab',
    step_states: ['0 OUT_OF_MEMORY'],
  })
})

test('a job that was started again has a row for each time, in order', () => {
  expect(rowsOf('2').map((row) => [row.state, row.submitted, row.started])).toEqual([
    ['PREEMPTED', 1795223822, null],
    ['COMPLETED', 1795223825, 1795223832],
  ])
  expect(rowsOf('6').map((row) => row.state)).toEqual(['REQUEUED', 'RUNNING'])
})

test('states come without who did it, exit codes with their signal', () => {
  expect(rowsOf('13')[0]).toMatchObject({ state: 'CANCELLED', ended: 1795223895 })
  expect(rowsOf('13')[0]?.facts).not.toHaveProperty('step_states')
  expect(rowsOf('1')[0]).toMatchObject({ state: 'OUT_OF_MEMORY', exit: { code: 0, signal: 125 } })
  expect(rowsOf('14')[0]).toMatchObject({ state: 'RUNNING', ended: null })
})

test('tasks, folded tasks, components, GPUs', () => {
  expect(rowsOf('8').map((row) => [row.task, row.exit?.code])).toEqual([
    [1, 1],
    [2, 0],
    [3, 1],
    [4, 0],
    [7, 1],
  ])
  expect(rowsOf('9')).toMatchObject([{ folded: '0-100:2', state: 'PENDING', started: null }])
  expect(rowsOf('9')[0]?.facts).not.toHaveProperty('node_list')
  expect(rowsOf('10').map((row) => [row.component, row.facts.cores])).toEqual([
    [0, 1],
    [1, 2],
  ])
  expect(rowsOf('12')[0]?.facts.gpus).toBe(1)
  expect(rowsOf('5')[0]?.facts).not.toHaveProperty('gpus')
})

test('names and command lines may hold newlines and separators', () => {
  expect(rowsOf('7')).toMatchObject([{ state: 'FAILED', exit: { code: 3, signal: 0 } }])
  const entry = entries.find(({ row }) => row.job === '7')
  expect(entry?.submitLine).toContain('--comment=waybill:cccccccccccccccccccc')
})

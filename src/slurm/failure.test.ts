import { expect, test } from 'vitest'
import { failureLine } from './failure.ts'

test('many lines of an error become the one that sums it up', () => {
  const words =
    'sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection to host:127.0.0.1:1: Connection refused\n' +
    'sacct: error: Sending PersistInit msg: Connection refused\n' +
    'sacct: error: Problem talking to the database: Connection refused'
  expect(failureLine({ kind: 'slurm-error', program: 'sacct', words })).toBe(
    'sacct: Problem talking to the database: Connection refused',
  )
  const squeue = 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)'
  expect(failureLine({ kind: 'slurm-error', program: 'squeue', words: squeue })).toBe(`squeue: ${squeue}`)
})

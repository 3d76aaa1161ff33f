import { expect, test } from 'vitest'
import { interpreterOf, liftDirectives } from './lift-directives.ts'

const lift = (text: string, env: Readonly<Record<string, string>> = {}): readonly string[] | null =>
  liftDirectives({ name: 'job.sh', text }, env)

test("a script's options become words, with the name it would give the job", () => {
  expect(lift('#!/bin/sh\necho\n#SBATCH -n 3\n')).toEqual(['--job-name=job.sh'])
  expect(lift('#!/bin/sh\n#SBATCH -n3 --exclusive -t 1:00 # why\n#SBATCH --comment="a b" -J x\n')).toEqual([
    '--ntasks=3',
    '--exclusive',
    '--time=1:00',
    '--comment=a b',
    '--job-name=x',
  ])
  expect(lift('#PBS -N there -q fast\n')).toEqual([
    '--job-name=job.sh',
    '--job-name=there',
    '--partition=fast',
  ])
})

test('what the environment says is left to it', () => {
  const text = '#SBATCH -t 5 --mem=1G --array=1-3 --cpus-per-task=2 -o x\n'
  const env = {
    SBATCH_TIMELIMIT: '1',
    SBATCH_MEM_PER_NODE: '2G',
    SBATCH_ARRAY_INX: '1',
    SBATCH_CPUS_PER_TASK: '1',
    SBATCH_JOB_NAME: 'n',
  }
  expect(lift(text, env)).toEqual(['--output=x'])
})

test("a plugin's options are passed on with all the others as they are; a heterogeneous job gives none", () => {
  expect(lift('#SBATCH --plugin-word 7 -n 3\n')).toEqual([
    '--job-name=job.sh',
    '--plugin-word',
    '7',
    '-n',
    '3',
  ])
  expect(lift('#SBATCH -n 1\n#SBATCH hetjob\n#SBATCH -n 2\n')).toBeNull()
})

test('the program of the first line, with what follows as one argument', () => {
  expect(interpreterOf('#!/bin/bash -l\n')).toEqual(['/bin/bash', '-l'])
  expect(interpreterOf('#! /usr/bin/env -S python3 -u \nx')).toEqual(['/usr/bin/env', '-S python3 -u'])
  expect(interpreterOf('#!/bin/sh\r\n')).toEqual(['/bin/sh'])
  expect(interpreterOf('echo\n')).toEqual(['/bin/sh'])
})

import { expect, test } from 'vitest'
import { isFixedLog, logPlan, placeLog } from './log-pattern.ts'
import type { LogFacts, LogPlan } from './log-pattern.ts'
import { readSbatch } from './sbatch-line.ts'

const plan: LogPlan = { chdir: '/w/d', stdout: '', stderr: '', jobName: 'na me' }
const job: LogFacts = { job: '38', task: null, rawId: '38', user: 'ada' }
const task: LogFacts = { job: '39', task: 12, rawId: '52', user: 'ada' }

// What slurmd 22.05.8 made of each.
test.each([
  ['slurm-%j.out', job, 'slurm-38.out'],
  ['slurm-%A_%a.out', task, 'slurm-39_12.out'],
  ['B %A %a %j %J %x %u', task, 'B 39 12 52 52 na me ada'],
  ['%n %s %t %% %4j %-4j %4a %04a %3x %q %', task, '0 batch 0 % 0052 %-4j 0012 0012 na me %q %'],
  ['E%%j%j', job, 'E%j38'],
  ['F%A_%a_%2a_%10j_%11j_%4A', job, 'F38_4294967294_4294967294_0000000038_0000000038_0038'],
  ['C\\%j %%a %j', job, 'C%j %%a %j'],
  ['K\\\\a%j\\b', job, 'K\\a%jb'],
  ['./lnk/../I%j', job, './lnk/../I38'],
])('%j becomes %3$j', (pattern, facts, name) => {
  expect(placeLog(plan, pattern, facts)).toEqual({ kind: 'path', path: `/w/d/${name}` })
})

test('what cannot be known is a star, and no other wildcard', () => {
  expect(placeLog(plan, 'a[1]*-%N-%j', job)).toEqual({ kind: 'pattern', pattern: '/w/d/a[[]1][*]-*-38' })
  expect(placeLog(plan, '%j.out', { ...task, rawId: null })).toEqual({
    kind: 'pattern',
    pattern: '/w/d/*.out',
  })
  expect(placeLog(plan, '%N%b-%5%', job)).toEqual({ kind: 'pattern', pattern: '/w/d/*-*' })
})

test.each([
  ['fixed', true],
  ['%x.%u.out', true],
  ['%N', true],
  ['%a', true],
  ['%j', false],
  ['%A_%a', false],
  ['%5J', false],
  ['\\%j', true],
  ['/dev/null', false],
])('%j is fixed: %s', (pattern, fixed) => {
  expect(isFixedLog(plan, pattern)).toBe(fixed)
})

function planOf(words: readonly string[]): LogPlan {
  const line = readSbatch(words, { cwd: '/w%j', env: {}, readFile: () => null })
  return logPlan(line.components[0])
}

test('the default names, of jobs and of arrays', () => {
  expect(planOf(['sbatch', 'a.sh'])).toMatchObject({ stdout: 'slurm-%j.out', stderr: 'slurm-%j.out' })
  expect(planOf(['sbatch', '-a', '1-3', 'a.sh']).stdout).toBe('slurm-%A_%a.out')
  expect(planOf(['sbatch', '-e', 'err', 'a.sh'])).toMatchObject({
    stdout: 'slurm-%j.out',
    stderr: '/w%j/err',
  })
})

test('Slurm expands the directory of a name that was given, not that of its own', () => {
  const own = planOf(['sbatch', 'a.sh'])
  expect(placeLog(own, own.stdout, job)).toEqual({ kind: 'path', path: '/w%j/slurm-38.out' })
  const given = planOf(['sbatch', '-o', 'o%j', 'a.sh'])
  expect(placeLog(given, given.stdout, job)).toEqual({ kind: 'path', path: '/w38/o38' })
})

test.each(['/dev/null', 'none', 'NONE'])('%s keeps nothing', (name) => {
  const given = planOf(['sbatch', '-o', name, 'a.sh'])
  expect(placeLog(given, given.stdout, job)).toEqual({ kind: 'discarded' })
})

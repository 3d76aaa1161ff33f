import { expect, test } from 'vitest'
import type { Resources } from '../definitions/resources.ts'
import type { Level, Settings } from '../definitions/settings.ts'
import { sbatchOptions } from './slurm-words.ts'

const from: Level = { kind: 'asset' }

function words(resources: Resources, slurm: Readonly<Record<string, string | true>> = {}): string {
  const settings: Settings = {
    resources: Object.fromEntries(Object.entries(resources).map(([name, value]) => [name, { value, from }])),
    slurm: new Map(Object.entries(slurm).map(([name, value]) => [name, { value, from }])),
    env: new Map(),
  }
  return sbatchOptions(settings).join(' ')
}

test('resources are those of each node', () => {
  expect(words({})).toBe('')
  expect(words({ cpus: 8, gpus: 1, memory: 32 * 1024 ** 3, time: 7200 })).toBe(
    '--cpus-per-task=8 --gpus-per-node=1 --mem=32768M --time=120:00',
  )
  expect(words({ nodes: 2, cpus: 4, gpus: 0, time: 61 })).toBe(
    '--nodes=2 --ntasks-per-node=1 --cpus-per-task=4 --time=1:01',
  )
})

test('an option of the same meaning stands for a resource, and flags have no value', () => {
  expect(words({ memory: 1024 ** 3, cpus: 2 }, { 'mem-per-cpu': '2G', exclusive: true })).toBe(
    '--cpus-per-task=2 --mem-per-cpu=2G --exclusive',
  )
  expect(words({ nodes: 2, cpus: 2 }, { ntasks: '8' })).toBe('--nodes=2 --cpus-per-task=2 --ntasks=8')
})

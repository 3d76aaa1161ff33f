import type { Resources } from '../definitions/resources.ts'
import type { Settings } from '../definitions/settings.ts'

/** For each resource the options of sbatch that say the same: where one is given, it stands for the resource. */
const sameMeaning: { readonly [Name in keyof Required<Resources>]: readonly string[] } = {
  nodes: ['nodes'],
  cpus: ['cpus-per-task', 'cpus-per-gpu'],
  gpus: ['gpus', 'gpus-per-node', 'gpus-per-socket', 'gpus-per-task'],
  memory: ['mem', 'mem-per-cpu', 'mem-per-gpu'],
  time: ['time'],
}

/** Options that say how many tasks there are on a node. */
const tasks = ['ntasks', 'ntasks-per-node', 'tasks-per-node']

/** Settings as options of sbatch. CPUs, GPUs and memory are of each node, on which one task has them all. */
export function sbatchOptions({ resources, slurm }: Settings): readonly string[] {
  const has = (names: readonly string[]): boolean => names.some((name) => slurm.has(name))
  const say = (name: keyof Resources, write: (value: number) => string): readonly string[] => {
    const value = resources[name]?.value
    return value === undefined || has(sameMeaning[name]) ? [] : [write(value)]
  }
  const nodes = resources.nodes?.value ?? 1
  return [
    ...say('nodes', (value) => `--nodes=${value}`),
    ...(nodes > 1 && resources.cpus !== undefined && !has(tasks) ? ['--ntasks-per-node=1'] : []),
    ...say('cpus', (value) => `--cpus-per-task=${value}`),
    ...(resources.gpus?.value === 0 ? [] : say('gpus', (value) => `--gpus-per-node=${value}`)),
    ...say('memory', (value) => `--mem=${Math.ceil(value / 1024 ** 2)}M`),
    ...say('time', (value) => `--time=${minutes(value)}`),
    ...[...slurm].map(([name, { value }]) => (value === true ? `--${name}` : `--${name}=${value}`)),
  ]
}

/** sbatch's `minutes:seconds`. */
function minutes(seconds: number): string {
  const whole = Math.ceil(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

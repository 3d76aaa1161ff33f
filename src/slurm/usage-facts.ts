import type { JobFacts } from '../contract/job-facts.ts'
import { readBytes, readCount, readDuration, readTime, readTres, readTresBytes } from './values.ts'

/** One row of sacct's by the names of its columns; an empty text for a column that was not asked. */
export interface Cells {
  readonly get: (column: string) => string
}

/** Facts, null where sacct has none. */
type Maybe<Keys extends keyof JobFacts> = { readonly [Key in Keys]: NonNullable<JobFacts[Key]> | null }

/**
 * Minutes in a year: what Slurm puts where neither the job nor its partition has a time limit (`YEAR_MINUTES` of its
 * sources; seen on 22.05). Nobody asked for it.
 */
const noLimit = 525_600

/** What sacct's row of an attempt says of its size, time and use. Memory stands on the rows of steps alone. */
export function usageOf({
  get,
}: Cells): Maybe<
  | 'elapsed_seconds'
  | 'queue_wait_seconds'
  | 'time_limit_seconds'
  | 'cpu_seconds'
  | 'allocated_cpu_seconds'
  | 'node_seconds'
  | 'gpu_seconds'
  | 'max_memory_bytes'
  | 'requested_memory_bytes'
  | 'allocated_memory_bytes'
  | 'energy_joules'
  | 'billing'
  | 'nodes'
  | 'cores'
  | 'gpus'
> {
  const given = get('AllocTRES')
  const elapsed = readCount(get('ElapsedRaw'))
  const [eligible, started] = [readTime(get('Eligible')), readTime(get('Start'))]
  const limit = readCount(get('TimelimitRaw'))
  const nodes = readCount(get('NNodes'))
  const gpus = readTres(given, 'gres/gpu')
  return {
    elapsed_seconds: elapsed,
    // Of an array's task, accounting may have the moment it was split off after the one it started at.
    queue_wait_seconds: eligible === null || started === null ? null : Math.max(0, started - eligible),
    time_limit_seconds: limit === null || limit === noLimit ? null : limit * 60,
    cpu_seconds: readDuration(get('TotalCPU')),
    allocated_cpu_seconds: readCount(get('CPUTimeRAW')),
    node_seconds: product(nodes, elapsed),
    gpu_seconds: product(gpus, elapsed),
    max_memory_bytes: measured(readBytes(get('MaxRSS'))),
    requested_memory_bytes: measured(readTresBytes(get('ReqTRES'), 'mem') ?? readBytes(get('ReqMem'))),
    allocated_memory_bytes: measured(readTresBytes(given, 'mem')),
    energy_joules: energyOf(get('ConsumedEnergyRaw')),
    billing: readTres(given, 'billing'),
    nodes,
    cores: readTres(given, 'cpu') ?? readCount(get('NCPUS')),
    gpus,
  }
}

/**
 * What the rows of its steps add to an attempt's. CPU time is the sum; memory and GPUs are those of the step that had most,
 * since steps mostly follow each other: of steps side by side it is less than they had together.
 */
export function usageOfSteps(
  whole: JobFacts,
  steps: readonly Cells[],
): Maybe<'cpu_seconds' | 'max_memory_bytes' | 'gpu_utilization' | 'max_gpu_memory_bytes' | 'energy_joules'> {
  const most = (read: (cells: Cells) => number | null): number | null =>
    steps.reduce<number | null>((before, step) => {
      const value = measured(read(step))
      return value === null ? before : Math.max(before ?? 0, value)
    }, null)
  const cpu = steps.reduce((sum, { get }) => sum + (readDuration(get('TotalCPU')) ?? 0), 0)
  const percent = most(({ get }) => readTres(get('TRESUsageInAve'), 'gres/gpuutil'))
  return {
    cpu_seconds: Math.max(whole.cpu_seconds ?? 0, Math.round(cpu * 1000) / 1000),
    // MaxRSS is that of the largest task; TRESUsageInTot has the sum of what each task had at most.
    max_memory_bytes:
      most(({ get }) =>
        Math.max(readTresBytes(get('TRESUsageInTot'), 'mem') ?? 0, readBytes(get('MaxRSS')) ?? 0),
      ) ??
      whole.max_memory_bytes ??
      null,
    gpu_utilization: percent === null ? null : percent / 100,
    max_gpu_memory_bytes: most(({ get }) => readTresBytes(get('TRESUsageInTot'), 'gres/gpumem')),
    energy_joules: whole.energy_joules ?? most(({ get }) => energyOf(get('ConsumedEnergyRaw'))),
  }
}

/** Zero joules are what clusters report that do not measure, and Slurm's NO_VAL64 is what those do that cannot tell. */
function energyOf(text: string): number | null {
  const joules = readCount(text)
  return joules === null || joules >= 2 ** 63 ? null : measured(joules)
}

/** No process takes no memory: what was over before it was looked at has a zero, and that is not known. */
function measured(amount: number | null): number | null {
  return amount === 0 ? null : amount
}

function product(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a * b
}

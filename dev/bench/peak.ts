import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from './bench.ts'

/** The peak memory of Waybill's own process, over the runs that had this environment. */
export interface Peak {
  readonly env: NodeJS.ProcessEnv
  /** MiB; undefined when no run told. */
  readonly mebibytes: () => number | undefined
}

const preload = join(import.meta.dirname, 'peak.cjs')

/** An environment in which Waybill tells its peak memory: for runs whose time is not taken. Other programs ignore it. */
export function peakOf({ folder, env, fresh }: Bench): Peak {
  const file = join(folder, fresh('peak'))
  return {
    env: { ...env, NODE_OPTIONS: `--require ${JSON.stringify(preload)}`, WAYBILL_BENCH_PEAK: file },
    mebibytes: () => {
      if (!existsSync(file)) return undefined
      return Math.max(...readFileSync(file, 'utf8').trim().split('\n').map(Number)) / 1024
    },
  }
}

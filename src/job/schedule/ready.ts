import type { QueueWish } from '../../contract/scheduler.ts'
import { parseIndices } from '../../contract/index-set.ts'
import type { Job } from '../context.ts'
import type { Report } from '../report.ts'
import type { WordsToRun } from './launch.ts'
import type { Prepared, Show } from './prepared.ts'

/** A job that is noted, and all that is needed to submit it and to tell of it. */
export interface Ready extends WordsToRun {
  readonly job: Job
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly stdinFile: string | null
  readonly wish: QueueWish
  readonly checkOutputs: boolean
  readonly report: (report: Report) => void
  readonly show: Show
}

/** What a job asks of the queue. */
export function wishOf({ command, spec }: Prepared): QueueWish {
  const [settings] = command.sbatch?.components ?? []
  const indices = spec.parts.kind === 'array' ? parseIndices(spec.parts.indices) : []
  return {
    account: settings?.account ?? null,
    qos: settings?.qos ?? null,
    partition: settings?.partition ?? null,
    tasks: indices.length || (spec.parts.kind === 'components' ? spec.parts.count : 1),
    highestIndex: indices.at(-1) ?? null,
  }
}

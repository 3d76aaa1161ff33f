import { parseIndices } from '../contract/index-set.ts'
import { logFile } from '../local/log-files.ts'
import { jobFolder, type Context, type Job } from './context.ts'
import { copyFrom } from './copy-log.ts'
import { logFiles } from './logs-plan.ts'

/** Takes what a job wrote, byte by byte as it was written. */
export type TakeOutput = (stream: 'stdout' | 'stderr', text: Buffer) => void

/**
 * Follows all that a submitted job writes: each call hands over what has come since the last, and says whether something
 * had. Logs whose name Slurm alone knows are left out.
 */
export function followOutput(context: Context, job: Job, take: TakeOutput): () => boolean {
  const offsets = new Map<string, number>()
  const sources = sourcesOf(context, job)
  return () => {
    let came = false
    for (const { path, stream } of sources) {
      const from = offsets.get(path) ?? 0
      const to = copyFrom(path, from, (text) => {
        take(stream, text)
        return true
      })
      if (to === null || to === from) continue
      offsets.set(path, to)
      came = true
    }
    return came
  }
}

interface Source {
  readonly path: string
  readonly stream: 'stdout' | 'stderr'
}

function sourcesOf(context: Context, job: Job): readonly Source[] {
  const { parts } = job.spec
  if (job.scheduler === 'slurm') {
    return logFiles(job).flatMap(({ place, stream }) =>
      place.kind === 'path' ? [{ path: place.path, stream }] : [],
    )
  }
  const folder = jobFolder(context, job.token)
  const tasks = parts.kind === 'array' ? parseIndices(parts.indices) : [null]
  return tasks.flatMap((task) =>
    (['stdout', 'stderr'] as const).map((stream) => ({ path: logFile(folder, task, stream), stream })),
  )
}

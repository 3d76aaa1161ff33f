import { scheduleBatch as run, type BatchLine } from '../job/schedule/batch.ts'
import { call, type CallOptions } from './call.ts'
import {
  callback,
  callChecks,
  checkArgument,
  checkOptions,
  text,
  texts,
  type Check,
} from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'
import { scheduleChecks, scheduleRequest, type ScheduleOptions } from './schedule.ts'

/** What a job of a batch may say, beside its command. */
type LineOptions = Omit<
  ScheduleOptions,
  'onResult' | 'onProgress' | 'keepResults' | 'onBegun' | 'onOutput' | 'readStdin'
>

/** One job of a batch: the words of its command, or one line as `schedule` takes it, and the options of `schedule`. */
export interface BatchJob extends LineOptions {
  readonly command: readonly string[] | string
}

/** What `scheduleBatch` may be told. */
export interface BatchOptions extends CallOptions {
  /** Options that hold for each job that does not say otherwise. */
  readonly defaults?: LineOptions | undefined
  /** Called with what sbatch printed of each job, as soon as it is there. */
  readonly onOutput?: ((stdout: string, stderr: string) => void) | undefined
  /** Called with how many of the jobs are done, whenever some are. */
  readonly onDone?: ((done: number) => void) | undefined
}

const {
  onResult: _r,
  onProgress: _p,
  keepResults: _k,
  onBegun: _b,
  onOutput: _o,
  readStdin: _s,
  ...lineChecks
} = scheduleChecks

const command: Check = (value) =>
  texts(value) === null || text(value) === null ? null : 'an array of strings, or a string'

/**
 * Submits many jobs, as `waybill schedule --batch`: in order, and on after one that cannot be. A job is an object, or its
 * JSON as a string. Results name their job by `line`, counted from 1.
 */
export async function scheduleBatch(
  dataset: OpenDataset,
  jobs: readonly (BatchJob | string)[],
  options: BatchOptions = {},
): Promise<Outcome> {
  checkArgument('scheduleBatch', 'the jobs', jobs, (value) => (Array.isArray(value) ? null : 'an array'))
  checkOptions('scheduleBatch', options, {
    ...callChecks,
    defaults: (value) => (typeof value === 'object' ? null : 'an object'),
    onOutput: callback,
    onDone: callback,
  })
  checkOptions('scheduleBatch: defaults', options.defaults ?? {}, lineChecks)
  const lines = jobs.flatMap((job, i) =>
    typeof job === 'string' && job.trim() === '' ? [] : [readLine(job, i + 1, options.defaults ?? {})],
  )
  return call(dataset, options, async (context, report) => {
    const { described } = await run(
      context,
      lines,
      report,
      (stdout, stderr) => options.onOutput?.(stdout, stderr),
      (done) => {
        context.progress({ kind: 'scheduling', done, jobs: lines.length })
        options.onDone?.(done)
      },
    )
    await described
    context.progress({ kind: 'done' })
    return {}
  })
}

function readLine(job: BatchJob | string, line: number, defaults: LineOptions): BatchLine {
  const bad = (problem: string): BatchLine => ({ line, wanted: { problem } })
  const read = typeof job === 'string' ? parse(job) : job
  if (read instanceof SyntaxError) return bad(`this is not JSON (${read.message})`)
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    return bad('this is no JSON object, such as {"command": ["sbatch", "job.sh"], "outputs": ["results"]}')
  const { command: words, ...own } = read as BatchJob
  if (words === undefined) return bad('it has no "command"')
  try {
    checkArgument('this job', 'command', words, command)
    checkOptions('this job', own, lineChecks)
  } catch (error) {
    if (error instanceof TypeError) return bad(error.message)
    throw error
  }
  const list = typeof words === 'string' ? [words] : words
  return { line, wanted: scheduleRequest(list, { ...defaults, ...own }) }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    return error
  }
}

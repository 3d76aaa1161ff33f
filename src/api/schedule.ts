import { jobName } from '../contract/ids.ts'
import type { ScheduleRequest, Which } from '../job/schedule/request.ts'
import { schedule as run } from '../job/schedule/schedule.ts'
import { call, type CallOptions } from './call.ts'
import {
  callback,
  callChecks,
  checkArgument,
  checkOptions,
  count,
  flag,
  oneOf,
  text,
  texts,
} from './check-options.ts'
import { exitCode as codes } from './exit-code.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** What `schedule` may be told, as the options of `waybill schedule`. Paths are relative to the dataset's `cwd`. */
export interface ScheduleOptions extends CallOptions {
  readonly inputs?: readonly string[] | undefined
  /** Files, folders and patterns that the job writes. At least one. */
  readonly outputs?: readonly string[] | undefined
  readonly message?: string | undefined
  readonly dryRun?: 'basic' | 'command' | undefined
  /** Default: Slurm for sbatch, else this machine. */
  readonly scheduler?: 'slurm' | 'local' | undefined
  /** For a command on this machine: run it once for each index, as in `0-9`. */
  readonly array?: string | undefined
  readonly after?: readonly string[] | undefined
  readonly freshOutputs?: boolean | undefined
  readonly reserveAll?: boolean | undefined
  readonly assumeReady?: Which | undefined
  readonly expand?: Which | undefined
  /** Default: true. */
  readonly checkOutputs?: boolean | undefined
  readonly altDir?: string | undefined
  readonly keepAltDir?: boolean | undefined
  readonly container?: string | undefined
  /** How many files git-annex may fetch at once; 0 and absent: its own choice. */
  readonly transfers?: number | undefined
  /** Gives a script for sbatch's standard input; default: there is none. */
  readonly readStdin?: (() => Promise<Buffer>) | undefined
  /** Called with the job's name (`w12`) before it is submitted: from then on it goes on without this process. */
  readonly onBegun?: ((job: string) => void) | undefined
  /** Called with what sbatch printed, or with the plan of a dry run, as soon as it is there. */
  readonly onOutput?: ((stdout: string, stderr: string) => void) | undefined
}

/** What came of `schedule`. Where all is well, `exitCode` is that of the user's own command (`sbatch --wait`). */
export interface ScheduleOutcome extends Outcome {
  /** What sbatch printed, or the plan of a dry run. */
  readonly stdout: string
  readonly stderr: string
}

/** Checks of what `schedule` may be told. */
export const scheduleChecks = {
  ...callChecks,
  inputs: texts,
  outputs: texts,
  message: text,
  dryRun: oneOf('basic', 'command'),
  scheduler: oneOf('slurm', 'local'),
  array: text,
  after: texts,
  freshOutputs: flag,
  reserveAll: flag,
  assumeReady: oneOf('inputs', 'outputs', 'both'),
  expand: oneOf('inputs', 'outputs', 'both'),
  checkOutputs: flag,
  altDir: text,
  keepAltDir: flag,
  container: text,
  transfers: count,
  readStdin: callback,
  onBegun: callback,
  onOutput: callback,
} as const

/** What is asked of the engine. */
export function scheduleRequest(command: readonly string[], options: ScheduleOptions): ScheduleRequest {
  return {
    words: command,
    inputs: options.inputs ?? [],
    outputs: options.outputs ?? [],
    message: options.message ?? null,
    dryRun: options.dryRun ?? null,
    scheduler: options.scheduler ?? null,
    array: options.array ?? null,
    after: options.after ?? [],
    freshOutputs: options.freshOutputs ?? false,
    reserveAll: options.reserveAll ?? false,
    assumeReady: options.assumeReady ?? null,
    expand: options.expand ?? null,
    checkOutputs: options.checkOutputs ?? true,
    altDir: options.altDir ?? null,
    keepAltDir: options.keepAltDir ?? false,
    container: options.container ?? null,
    transfers: options.transfers === 0 ? null : (options.transfers ?? null),
    readStdin: options.readStdin ?? null,
    repeat: null,
  }
}

/** Submits one job and reserves its outputs, as `waybill schedule`. `command` is sbatch and its arguments, or any command. */
export async function schedule(
  dataset: OpenDataset,
  command: readonly string[],
  options: ScheduleOptions = {},
): Promise<ScheduleOutcome> {
  checkArgument('schedule', 'the command', command, texts)
  checkOptions('schedule', options, scheduleChecks)
  const printed: { readonly stdout: string; readonly stderr: string }[] = []
  const outcome = await call(dataset, options, async (context, report) => {
    const ran = await run(
      context,
      scheduleRequest(command, options),
      report,
      (stdout, stderr) => {
        printed.push({ stdout, stderr })
        options.onOutput?.(stdout, stderr)
      },
      (id) => options.onBegun?.(jobName(id)),
    )
    return { own: ran.exitCode }
  })
  const { own, results, exitCode } = outcome
  return {
    results,
    exitCode: exitCode === codes.ok ? (own ?? exitCode) : exitCode,
    stdout: printed.map(({ stdout }) => stdout).join(''),
    stderr: printed.map(({ stderr }) => stderr).join(''),
  }
}

import { Option, type Command } from 'commander'
import type { ScheduleOptions } from '../api/schedule.ts'
import type { Which } from '../job/schedule/request.ts'
import { repeatable, transfers, yesOrNo, type CommonOptions } from './options.ts'
import type { Runtime } from './runtime.ts'

/** The options that say what a job is: those of `schedule`, and of `run`. */
export interface JobOptions extends CommonOptions {
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly message?: string
  readonly dryRun?: 'basic' | 'command'
  readonly scheduler?: 'slurm' | 'local'
  readonly array?: string
  readonly after: readonly string[]
  readonly freshOutputs?: boolean
  readonly reserveAll?: boolean
  readonly assumeReady?: Which
  readonly expand?: Which
  readonly checkOutputs: boolean
  readonly altDir?: string
  readonly keepAltDir?: boolean
  readonly container?: string
  readonly jobs?: number
}

/** Adds them; `scheduler` says who runs it by default. */
export function addJobOptions(command: Command, scheduler: string): void {
  command
    .addOption(
      repeatable('-i, --input <path>', 'a file or folder the job reads (may be repeated; wildcards allowed)'),
    )
    .addOption(
      repeatable(
        '-o, --output <path>',
        'a file or folder the job writes (may be repeated; wildcards allowed)',
      ),
    )
    .option('-m, --message <text>', 'free text for the record')
    .addOption(
      new Option('--dry-run <mode>', 'submit nothing; show what would be done').choices(['basic', 'command']),
    )
    .addOption(
      new Option('--scheduler <name>', `who runs it (default: ${scheduler})`).choices(['slurm', 'local']),
    )
    .option('--array <indices>', 'run a local command once for each index, as in 0-9 or 1,3,7-9:2%4')
    .addOption(repeatable('--after <job>', 'start only when that open job has completed (may be repeated)'))
    .option('--fresh-outputs', 'remove annexed outputs beforehand instead of making them writable')
    .option('--reserve-all', 'allow an output pattern at the root, which conflicts with every other job')
    .addOption(
      new Option(
        '--assume-ready <which>',
        'do not fetch the inputs, or not make the outputs writable, beforehand',
      ).choices(['inputs', 'outputs', 'both']),
    )
    .addOption(
      new Option('--expand <which>', 'name paths one by one in the record instead of patterns').choices([
        'inputs',
        'outputs',
        'both',
      ]),
    )
    .addOption(
      new Option('--check-outputs <yes|no>', 'refuse outputs that an open job has reserved')
        .argParser(yesOrNo)
        .default(true, 'yes'),
    )
    .option('-a, --alt-dir <path>', 'run the job below this directory, outside the dataset')
    .option('--keep-alt-dir', 'leave the files there when the job has been recorded')
    .option('--container <name>', 'run the command in this registered container image')
    .addOption(
      new Option('-J, --jobs <n>', 'how many files git-annex may fetch at once').argParser(transfers),
    )
}

/** The same as the functions take them. */
export function jobOptions(runtime: Runtime, options: JobOptions): ScheduleOptions {
  return {
    inputs: options.input,
    outputs: options.output,
    message: options.message,
    dryRun: options.dryRun,
    scheduler: options.scheduler,
    array: options.array,
    after: options.after,
    freshOutputs: options.freshOutputs,
    reserveAll: options.reserveAll,
    assumeReady: options.assumeReady,
    expand: options.expand,
    checkOutputs: options.checkOutputs,
    altDir: options.altDir,
    keepAltDir: options.keepAltDir,
    container: options.container,
    transfers: options.jobs,
    readStdin: runtime.stdinIsTerminal ? undefined : runtime.readStdin,
  }
}

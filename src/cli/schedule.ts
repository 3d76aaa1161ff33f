import type { Command } from 'commander'
import { addJobOptions, jobOptions, type JobOptions } from './job-options.ts'
import { withCommonOptions } from './options.ts'
import {
  printerFor,
  summaryOf,
  underName,
  withOriginalOptions,
  type OriginalOptions,
  type Prefix,
} from './original.ts'
import { exitCode } from '../api/exit-code.ts'
import { printableLines } from '../api/printable.ts'
import { runBatch } from './schedule-batch.ts'
import type { Runtime } from './runtime.ts'

type Options = JobOptions & OriginalOptions & { readonly batch?: string }

/** `waybill schedule [options] COMMAND…`, and `slurm-schedule` */
export function addSchedule(program: Command, runtime: Runtime, prefix: Prefix = ''): void {
  const command = program
    .command(`${prefix}schedule`)
    .summary(summaryOf(prefix, 'submit a job and note what it will make'))
    .description(
      'Submits a job and reserves its outputs. Everything from the first word that is no option is the command.',
    )
    .passThroughOptions()
    .argument(
      prefix === '' ? '[command...]' : '<command...>',
      prefix === ''
        ? 'sbatch and its arguments, or any command to run on this machine'
        : 'sbatch and its arguments, or a command that calls sbatch',
    )
    .addHelpText(
      'after',
      prefix === '' ? `${onSlurm}\n${onThisMachine}\n${many}` : underName(prefix, onSlurm),
    )
    .action(async (words: string[], options: Options) => {
      if (options.batch !== undefined) return runBatch(runtime, options.batch, words, options)
      if (words.length === 0)
        command.error("error: missing required argument 'command', or --batch FILE", {
          exitCode: exitCode.usage,
        })
      return run(runtime, prefix, words, options)
    })
  if (prefix === '')
    command.option(
      '--batch <file>',
      'schedule many jobs: one JSON object a line of FILE, or of - (standard input)',
    )
  addJobOptions(command, prefix === '' ? 'slurm for sbatch, else local' : 'slurm')
  command.option('--explicit', 'record the declared outputs alone, as it is always done')
  withOriginalOptions(withCommonOptions(command), prefix, runtime.version)
}

const onSlurm = `
Placeholders in the command and the paths: {inputs} {outputs} {inputs[0]} {pwd} {dspath} {tmpdir}; {{ and }} are braces.
In an output of an array, {task} is the task's index, as in -o 'out/{task}.csv'.

Examples:
  waybill schedule -o results/ sbatch job.sh
  waybill schedule -i data/raw.csv -o "results/run-*/" -m "first try" sbatch --array=0-9 job.sh
  waybill schedule --scheduler slurm -o results/ bash submit-all.sh         (a script that calls sbatch)
  jid=$(waybill schedule -o results/ sbatch --parsable job.sh)`

const many = `\
  waybill schedule --batch jobs.jsonl                                       (many jobs; options given here hold for each)
    a line of it: {"command": ["sbatch", "job.sh", "7"], "outputs": ["out/7"], "message": "seventh"}`

const onThisMachine = `\
  waybill schedule -o fit.csv python fit.py --seed 7          (a background process on this machine)
  waybill schedule -o out/ --array 0-9 sh -c 'echo $WAYBILL_ARRAY_TASK_ID > out/$WAYBILL_ARRAY_TASK_ID'`

async function run(
  runtime: Runtime,
  prefix: Prefix,
  words: readonly string[],
  options: Options,
): Promise<void> {
  // What a script catches from `sbatch --parsable` must stay alone on standard output.
  const parsable = words.includes('--parsable')
  const printer = printerFor(runtime, prefix, options, parsable ? 'err' : 'out')
  const opening = runtime.open(options)
  const { schedule } = await import('../api/schedule.ts')
  const { interruptedSubmission } = await import('../api/words-run.ts')
  const dataset = await opening
  const { exitCode: code } = await schedule(dataset, words, {
    ...jobOptions(runtime, options),
    ...(prefix === '' ? {} : { scheduler: options.scheduler ?? 'slurm' }),
    onBegun: (job) => runtime.farewell(interruptedSubmission(job)),
    onOutput: (stdout, stderr) => {
      // A plan names files, which are anybody's; a command to be run by a script is left as it is.
      const plan = options.dryRun === 'basic' || (options.dryRun === 'command' && runtime.outIsTerminal)
      // The original keeps to itself what sbatch says; those who look for it find it beside the results.
      if (prefix !== '' && options.dryRun === undefined && !parsable) runtime.err(stdout)
      else if (!(options.json ?? false)) runtime.out(plan ? printableLines(stdout) : stdout)
      runtime.err(stderr)
    },
    ...printer.calls,
  })
  const ended = printer.end()
  runtime.farewell(null)
  runtime.exit(options.onFailure === 'ignore' ? ended : code)
}

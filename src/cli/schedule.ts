import type { Command } from 'commander'
import { addJobOptions, jobOptions, type JobOptions } from './job-options.ts'
import { withCommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import { printableLines } from '../api/printable.ts'
import type { Runtime } from './runtime.ts'

/** `waybill schedule [options] COMMAND…` */
export function addSchedule(program: Command, runtime: Runtime): void {
  const command = program
    .command('schedule')
    .summary('submit a job and note what it will make')
    .description(
      'Submits a job and reserves its outputs. Everything from the first word that is no option is the command.',
    )
    .passThroughOptions()
    .argument('<command...>', 'sbatch and its arguments, or any command to run on this machine')
    .addHelpText('after', examples)
    .action(async (words: string[], options: JobOptions) => run(runtime, words, options))
  addJobOptions(command)
  withCommonOptions(command)
}

const examples = `
Placeholders in the command and the paths: {inputs} {outputs} {inputs[0]} {pwd} {dspath} {tmpdir}; {{ and }} are braces.
In an output of an array, {task} is the task's index, as in -o 'out/{task}.csv'.

Examples:
  waybill schedule -o results/ sbatch job.sh
  waybill schedule -i data/raw.csv -o "results/run-*/" -m "first try" sbatch --array=0-9 job.sh
  waybill schedule -o fit.csv python fit.py --seed 7          (a background process on this machine)
  waybill schedule -o out/ --array 0-9 sh -c 'echo $WAYBILL_ARRAY_TASK_ID > out/$WAYBILL_ARRAY_TASK_ID'
  jid=$(waybill schedule -o results/ sbatch --parsable job.sh)`

async function run(runtime: Runtime, words: readonly string[], options: JobOptions): Promise<void> {
  // What a script catches from `sbatch --parsable` must stay alone on standard output.
  const parsable = words.includes('--parsable')
  const printer = makePrinter(runtime, { json: options.json ?? false, resultsTo: parsable ? 'err' : 'out' })
  const dataset = await runtime.open(options)
  const { schedule } = await import('../api/schedule.ts')
  const { exitCode: code } = await schedule(dataset, words, {
    ...jobOptions(runtime, options),
    onOutput: (stdout, stderr) => {
      // A plan names files, which are anybody's; a command to be run by a script is left as it is.
      const plan = options.dryRun === 'basic' || (options.dryRun === 'command' && runtime.outIsTerminal)
      if (!(options.json ?? false)) runtime.out(plan ? printableLines(stdout) : stdout)
      runtime.err(stderr)
    },
    ...printer.calls,
  })
  printer.end()
  runtime.exit(code)
}

import type { Command } from 'commander'
import { printableLines } from '../api/printable.ts'
import { goesOn } from '../api/words-run.ts'
import { addJobOptions, jobOptions, type JobOptions } from './job-options.ts'
import { withCommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

interface Options extends JobOptions {
  readonly explicit?: boolean
  readonly commitFailedJobs?: boolean
}

/** `waybill run [options] COMMAND…` */
export function addRun(program: Command, runtime: Runtime): void {
  const command = program
    .command('run')
    .summary('run a command, wait for it and record what it made')
    .description(
      'Schedules a job, shows what it prints, waits for its end and records it. Ctrl-C leaves the job running. Everything from the first word that is no option is the command.',
    )
    .passThroughOptions()
    .argument('<command...>', 'any command to run on this machine, or sbatch and its arguments')
    .option('--explicit', 'record the declared outputs alone, as it is always done when some are declared')
    .option('--commit-failed-jobs', 'record it also when the command fails')
    .addHelpText('after', examples)
    .action(async (words: string[], options: Options) => runCommand(runtime, words, options))
  addJobOptions(command, 'slurm for sbatch, else local')
  withCommonOptions(command)
}

const examples = `
Without -o the dataset must have no unsaved changes, and all that the command changes is recorded.
It ends with the command's own exit code when that failed; nothing is saved then.

Examples:
  waybill run -i data.csv -o fit.csv python fit.py --seed 7
  waybill run -m "Tidy up" 'sort -u names.txt > sorted.txt'
  waybill run -o results/ sbatch job.sh`

async function runCommand(runtime: Runtime, words: readonly string[], options: Options): Promise<void> {
  // Standard output is the command's own; but with --json it is for those who read results.
  const json = options.json ?? false
  const printer = makePrinter(runtime, { json, resultsTo: json ? 'out' : 'err' })
  const opening = runtime.open(options)
  const { run } = await import('../api/run.ts')
  const dataset = await opening
  const plan = options.dryRun === 'basic' || (options.dryRun === 'command' && runtime.outIsTerminal)
  const { exitCode } = await run(dataset, words, {
    ...jobOptions(runtime, options),
    explicit: options.explicit,
    commitFailedJobs: options.commitFailedJobs,
    onOutput: (stdout, stderr) => {
      if (options.dryRun === undefined) runtime.err(stdout)
      else if (!json) runtime.out(plan ? printableLines(stdout) : stdout)
      runtime.err(stderr)
    },
    onText: (stream, text) => {
      printer.calls.onProgress?.(null)
      if (stream === 'stdout' && !json) runtime.out(text)
      else runtime.err(text)
    },
    onBegun: (job) => runtime.farewell(goesOn(job)),
    ...printer.calls,
  })
  printer.end()
  runtime.farewell(null)
  runtime.exit(exitCode)
}

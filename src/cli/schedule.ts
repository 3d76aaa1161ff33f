import { Option, type Command } from 'commander'
import type { Which } from '../job/request.ts'
import { repeatable, wholeNumber, withCommonOptions, yesOrNo, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import { printableLines } from '../api/printable.ts'
import type { Runtime } from './runtime.ts'

interface Options extends CommonOptions {
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
      new Option('--scheduler <name>', 'who runs it (default: slurm for sbatch, else local)').choices([
        'slurm',
        'local',
      ]),
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
      new Option('-J, --jobs <n>', 'how many files git-annex may fetch at once').argParser(wholeNumber),
    )
    .addHelpText('after', examples)
    .action(async (words: string[], options: Options) => run(runtime, words, options))
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

async function run(runtime: Runtime, words: readonly string[], options: Options): Promise<void> {
  // What a script catches from `sbatch --parsable` must stay alone on standard output.
  const parsable = words.includes('--parsable')
  const printer = makePrinter(runtime, { json: options.json ?? false, resultsTo: parsable ? 'err' : 'out' })
  const dataset = await runtime.open(options)
  const { schedule } = await import('../api/schedule.ts')
  const { exitCode: code } = await schedule(dataset, words, {
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

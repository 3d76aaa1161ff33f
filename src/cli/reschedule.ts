import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import type { Which } from '../job/schedule/request.ts'
import { transfers, withCommonOptions } from './options.ts'
import {
  printerFor,
  summaryOf,
  underName,
  withOriginalOptions,
  type OriginalOptions,
  type Prefix,
} from './original.ts'
import type { Runtime } from './runtime.ts'

interface Options extends OriginalOptions {
  readonly since?: string
  readonly report?: boolean
  readonly message?: string
  readonly withFailedJobs?: boolean
  readonly script?: string
  readonly asRecorded?: boolean
  readonly failedTasks?: string
  readonly assumeReady?: Which
  readonly altDir?: string
  readonly keepAltDir?: boolean
  readonly jobs?: number
}

const examples = `
Examples:
  waybill reschedule                  the record at HEAD
  waybill reschedule 4f7a1e6d
  waybill reschedule --since HEAD~5   the last five commits
  waybill reschedule --since= --report
  waybill reschedule HEAD -- --partition=big --time=4:00:00
  waybill reschedule --as-recorded HEAD~3
  waybill reschedule --script=again.sh --since=HEAD~5
  waybill reschedule HEAD:3-5,9       those tasks of an array
  waybill reschedule 4711_3
  waybill reschedule --failed-tasks 4711 -- --time=2:00:00`

/** `waybill reschedule [REV]`, and `slurm-reschedule` */
export function addReschedule(program: Command, runtime: Runtime, prefix: Prefix = ''): void {
  const command = program
    .command(`${prefix}reschedule`)
    .summary(summaryOf(prefix, 'run recorded jobs again'))
    .description(
      'Submits the job of a record again, with the script and inputs that are there now, and says what differs from the record. Takes records of Waybill, of datalad-slurm and of datalad run.',
    )
    .argument(
      '[revision]',
      'the commit of the record, or its job (default: HEAD); with :3-5,9 those tasks of its array alone',
    )
    .argument('[options...]', 'after --: options for sbatch that override the recorded ones')
    .option(
      '--since <revision>',
      "all records after that commit, oldest first ('' means from the first commit on)",
    )
    .option('--report', 'only say what would be run')
    .option('-m, --message <text>', 'free text for the new records instead of the old')
    .option('--with-failed-jobs', 'also records of jobs that did not complete')
    .option('--script <file>', 'write a script that runs the recorded commands (- for standard output)')
    .option('--as-recorded', 'put the recorded script and inputs into place first')
    .addOption(
      new Option(
        '--failed-tasks <job>',
        'run only those tasks of an array again that did not complete',
      ).conflicts(['since', 'asRecorded', 'script']),
    )
    .addOption(
      new Option(
        '--assume-ready <which>',
        'do not fetch the inputs, or not make the outputs writable, beforehand',
      ).choices(['inputs', 'outputs', 'both']),
    )
    .option('--explicit', 'record the declared outputs alone, as it is always done')
    .option('-a, --alt-dir <path>', 'run the job below this directory, outside the dataset')
    .option('--keep-alt-dir', 'leave the files there when the job has been recorded')
    .addOption(
      new Option('-J, --jobs <n>', 'how many files git-annex may fetch at once').argParser(transfers),
    )
    .addHelpText('after', underName(prefix, examples))
    .action(async (_revision: string | undefined, _words: string[], options: Options, self: Command) => {
      const { revision, overrides } = operands(self)
      const printer = printerFor(runtime, prefix, options, options.script === '-' ? 'err' : 'out')
      const opening = runtime.open(options)
      const { reschedule } = await import('../api/reschedule.ts')
      const dataset = await opening
      await reschedule(dataset, revision, {
        since: options.since,
        report: options.report,
        message: options.message,
        withFailedJobs: options.withFailedJobs,
        asRecorded: options.asRecorded,
        failedTasks: options.failedTasks,
        sbatchOptions: overrides,
        assumeReady: options.assumeReady,
        altDir: options.altDir,
        keepAltDir: options.keepAltDir,
        transfers: options.jobs,
        script:
          options.script === undefined || options.script === '-'
            ? options.script
            : resolve(runtime.cwd, options.script),
        onOutput: (stdout, stderr) => {
          if (options.script === '-') runtime.out(stdout)
          else if (prefix !== '') runtime.err(stdout)
          else if (!(options.json ?? false)) runtime.out(stdout)
          runtime.err(stderr)
        },
        ...printer.calls,
      })
      runtime.exit(printer.end())
    })
  withOriginalOptions(withCommonOptions(command), prefix, runtime.version)
}

/** The record's commit, and the words that stand after `--`. */
function operands(command: Command): { readonly revision: string; readonly overrides: readonly string[] } {
  const words = command.parent === null ? [] : rawWords(command.parent)
  const dashes = words.indexOf('--')
  const overrides = dashes < 0 ? [] : words.slice(dashes + 1)
  const before = command.args.slice(0, command.args.length - overrides.length)
  if (before.length > 1)
    command.error(`error: words for sbatch stand after --, as in: waybill reschedule HEAD -- ${before[1]}`)
  if (before[0] !== undefined && command.getOptionValue('failedTasks') !== undefined)
    command.error(`error: --failed-tasks names the job; what is ${before[0]} for?`)
  return { revision: before[0] ?? 'HEAD', overrides }
}

function rawWords(program: Command): readonly string[] {
  return 'rawArgs' in program && Array.isArray(program.rawArgs) ? (program.rawArgs as string[]) : []
}

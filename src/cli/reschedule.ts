import type { Command } from 'commander'
import { withCommonOptions, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

interface Options extends CommonOptions {
  readonly since?: string
  readonly report?: boolean
  readonly message?: string
}

/** `waybill reschedule [REV]` */
export function addReschedule(program: Command, runtime: Runtime): void {
  const command = program
    .command('reschedule')
    .summary('run recorded jobs again')
    .description(
      'Submits the job of a record again, with the script and inputs that are there now, and says what differs from the record. Takes records of Waybill and of datalad-slurm.',
    )
    .argument('[revision]', 'the commit of the record', 'HEAD')
    .option(
      '--since <revision>',
      "all records after that commit, oldest first ('' means from the first commit on)",
    )
    .option('--report', 'only say what would be run')
    .option('-m, --message <text>', 'free text for the new records instead of the old')
    .addHelpText(
      'after',
      `
Examples:
  waybill reschedule                  the record at HEAD
  waybill reschedule 4f7a1e6d
  waybill reschedule --since HEAD~5   the last five commits
  waybill reschedule --since= --report`,
    )
    .action(async (revision: string, options: Options) => {
      const printer = makePrinter(runtime, { json: options.json ?? false })
      const context = await runtime.open(options, printer.progress)
      const { reschedule } = await import('../job/reschedule.ts')
      await reschedule(
        context,
        {
          revision,
          since: options.since ?? null,
          onlyReport: options.report ?? false,
          message: options.message ?? null,
        },
        printer.report,
        (stdout, stderr) => {
          if (!(options.json ?? false)) runtime.out(stdout)
          runtime.err(stderr)
        },
      )
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

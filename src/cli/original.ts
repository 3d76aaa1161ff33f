import { Option, type Command } from 'commander'
import { exitCode } from '../api/exit-code.ts'
import type { ListedJob } from '../job/list.ts'
import { printable } from '../api/printable.ts'
import { listedLine } from './job-lines.ts'
import type { CommonOptions } from './options.ts'
import { makePrinter, type Printer } from './printer.ts'
import type { Runtime } from './runtime.ts'

/** What a command's name begins with: nothing, or what makes it datalad-slurm's command for the same work. */
export type Prefix = '' | 'slurm-'

/** Options of DataLad's own that its users' scripts give to any command. */
export interface OriginalOptions extends CommonOptions {
  readonly outputFormat?: 'generic' | 'json' | 'json_pp' | 'tailored' | 'disabled'
  readonly onFailure?: 'ignore' | 'continue' | 'stop'
}

/** Adds them, where the command goes by the original's name. */
export function withOriginalOptions(command: Command, prefix: Prefix, version: string): Command {
  if (prefix === '') return command
  return command
    .version(version, '--version', 'print the version')
    .addOption(
      new Option('-f, --output-format <format>', "how results are printed, in DataLad's words").choices([
        'generic',
        'json',
        'json_pp',
        'tailored',
        'disabled',
      ]),
    )
    .addOption(
      new Option('--on-failure <what>', 'ignore: exit code 0 whatever the results are').choices([
        'ignore',
        'continue',
        'stop',
      ]),
    )
}

/** A text about a command, with the name by which the command goes. */
export function underName(prefix: Prefix, text: string): string {
  return text.replaceAll(/waybill (?=schedule|finish|reschedule)/g, (words) => `${words}${prefix}`)
}

/** A summary as the overview prints it, of either name. */
export function summaryOf(prefix: Prefix, summary: string): string {
  return prefix === '' ? summary : `${summary}; datalad-slurm's name and output`
}

/** The printer of a command that may go by the original's name. */
export function printerFor(
  runtime: Runtime,
  prefix: Prefix,
  options: OriginalOptions,
  resultsTo: 'out' | 'err' = 'out',
): Printer {
  const { outputFormat: format, onFailure } = options
  const printer = makePrinter(runtime, {
    json: (options.json ?? false) || format === 'json' || format === 'json_pp',
    resultsTo,
    ...(prefix === '' ? {} : { original: { pretty: format === 'json_pp', silent: format === 'disabled' } }),
  })
  if (onFailure !== 'ignore') return printer
  const end = (): number => {
    printer.end()
    return exitCode.ok
  }
  return { ...printer, end }
}

/** The list of open jobs to the letter of the original, which prints nothing when there are none. */
export function originalList(jobs: readonly ListedJob[]): readonly string[] {
  if (jobs.length === 0) return []
  const lines = jobs.map((job) => printable(listedLine(job)))
  return ['The following jobs are open: ', '', 'slurm-job-id   slurm-job-status', ...lines]
}

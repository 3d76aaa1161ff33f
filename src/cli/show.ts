import type { Command } from 'commander'
import { withCommonOptions, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

/** `waybill show REV|JOB|PATH` */
export function addShow(program: Command, runtime: Runtime): void {
  const command = program
    .command('show')
    .summary('read a record')
    .description(
      'Shows what ran, where, how long, from what, and what it made: by commit, by job, or by a file it made.',
    )
    .argument('[target]', 'a commit, a job (4711, w12) or a path', 'HEAD')
    .addHelpText(
      'after',
      '\nExamples:\n  waybill show HEAD\n  waybill show 4711\n  waybill show results/model.gz',
    )
    .action(async (target: string, options: CommonOptions) => {
      const printer = makePrinter(runtime, { json: options.json ?? false })
      const context = await runtime.open(options, printer.progress)
      const { findRecord } = await import('../job/show.ts')
      const { recordLines } = await import('./record-lines.ts')
      const shown = await findRecord(context, target)
      if (!shown.ok) printer.report(shown.failure)
      else if (options.json) runtime.out(`${JSON.stringify(shown.value)}\n`)
      else for (const line of recordLines(shown.value)) runtime.out(`${line}\n`)
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

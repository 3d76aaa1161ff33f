import type { Command } from 'commander'
import { withCommonOptions, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

/** `waybill close JOB…` */
export function addClose(program: Command, runtime: Runtime): void {
  const command = program
    .command('close')
    .summary('give jobs up without recording them')
    .description(
      'Gives jobs up: their reservations are released and no record is made. Their files are left where they are; annexed outputs that were not changed become what they were.',
    )
    .argument('<job...>', "Slurm's job ids or ours (w12)")
    .option('--force', 'also jobs that still wait or run; they are not cancelled')
    .addHelpText('after', '\nExamples:\n  waybill close 4711\n  waybill close --force w12')
    .action(async (jobs: string[], options: CommonOptions & { readonly force?: boolean }) => {
      const printer = makePrinter(runtime, { json: options.json ?? false })
      const opening = runtime.open(options)
      const { close } = await import('../api/close.ts')
      const dataset = await opening
      await close(dataset, jobs, { force: options.force, ...printer.calls })
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

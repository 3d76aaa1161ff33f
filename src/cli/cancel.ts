import type { Command } from 'commander'
import { withCommonOptions, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

/** `waybill cancel JOB…` */
export function addCancel(program: Command, runtime: Runtime): void {
  const command = program
    .command('cancel')
    .summary('ask the scheduler to end jobs')
    .description(
      'Asks the scheduler to end the jobs. They stay open until `waybill finish` closes or records them. What the payload of an asset submitted ends with it. Of a run of assets it ends all open jobs, and whoever drives it submits nothing more.',
    )
    .argument('<job...>', "Slurm's job ids or ours (w12), or runs of assets (r7)")
    .addHelpText(
      'after',
      '\nExamples:\n  waybill cancel 4711\n  waybill cancel w12 w13\n  waybill cancel r7      all open jobs of a run, and nothing more of it is submitted',
    )
    .action(async (jobs: string[], options: CommonOptions) => {
      const printer = makePrinter(runtime, { json: options.json ?? false })
      const opening = runtime.open(options)
      const { cancel } = await import('../api/cancel.ts')
      const dataset = await opening
      await cancel(dataset, jobs, printer.calls)
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

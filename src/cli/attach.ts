import type { Command } from 'commander'
import { showRun } from './materialize.ts'
import { withCommonOptions, type CommonOptions } from './options.ts'
import type { Runtime } from './runtime.ts'

/** `waybill attach RUN` */
export function addAttach(program: Command, runtime: Runtime): void {
  const command = program
    .command('attach')
    .summary('go on with a run of assets, or watch it')
    .description(
      'Goes on with a run that was broken off, with the same selection and options: what it made is not made again, and attempts count on. One that is over begins anew with what is not fresh. Where another process drives it, this one watches to its end.',
    )
    .argument('<run>', 'a run, as `waybill runs` names it (r7)')
    .addHelpText('after', '\nExamples:\n  waybill runs\n  waybill attach r7')
    .action(async (run: string, options: CommonOptions) => {
      const opening = runtime.open(options)
      const { attach } = await import('../api/materialize.ts')
      const dataset = await opening
      await showRun(runtime, options, async (calls) => attach(dataset, run, calls))
    })
  withCommonOptions(command)
}

import type { Command } from 'commander'
import { slurmId, withCommonOptions, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

/** `waybill adopt JOB ID` */
export function addAdopt(program: Command, runtime: Runtime): void {
  const command = program
    .command('adopt')
    .summary('say which Slurm job a lost submission became')
    .description(
      "For a job whose submission was cut short and that Waybill cannot find by itself: takes your word for Slurm's id of it. Slurm must know that job, as one of that time.",
    )
    .argument('<job>', 'our name of the job (w12)')
    .argument('<id>', "Slurm's job id, as squeue or sacct shows it", slurmId)
    .addHelpText('after', '\nExamples:\n  waybill adopt w12 4711')
    .action(async (job: string, schedulerId: string, options: CommonOptions) => {
      const printer = makePrinter(runtime, { json: options.json ?? false })
      const opening = runtime.open(options)
      const { adopt } = await import('../api/adopt.ts')
      const dataset = await opening
      await adopt(dataset, job, schedulerId, printer.calls)
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

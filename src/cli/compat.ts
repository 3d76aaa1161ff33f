import type { Command } from 'commander'
import type { Runtime } from './runtime.ts'

/** `waybill compat` */
export function addCompat(program: Command, runtime: Runtime): void {
  program
    .command('compat')
    .summary('print the folder of a datalad that sends slurm-* here')
    .description(
      'Prints a folder that holds an executable named datalad. Put it first on PATH, and scripts written for datalad-slurm run as they are: slurm-schedule, slurm-finish and slurm-reschedule go to Waybill, everything else to the next datalad on PATH.',
    )
    .addHelpText('after', '\nExamples:\n  export PATH="$(waybill compat):$PATH"')
    .action(async () => {
      runtime.out(`${await runtime.compatFolder()}\n`)
      runtime.exit(0)
    })
}

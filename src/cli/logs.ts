import type { Command } from 'commander'
import { withCommonOptions, wholeNumber, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

interface Options extends CommonOptions {
  readonly follow?: boolean
  readonly stderr?: boolean
  readonly task?: number
}

/** `waybill logs JOB` */
export function addLogs(program: Command, runtime: Runtime): void {
  const command = program
    .command('logs')
    .summary("print a job's output")
    .description(
      'Prints what a job wrote to its standard output, or to its standard error where that is another file.',
    )
    .argument(
      '<job>',
      "Slurm's job id or ours (w12); of an array also with the task, as in 4711_3; or an asset, for its newest job: model, model:gold",
    )
    .option('-f, --follow', 'go on until the job has ended')
    .option('--stderr', 'standard error instead')
    .option('--task <index>', 'the task of an array', wholeNumber)
    .addHelpText(
      'after',
      '\nExamples:\n  waybill logs 4711\n  waybill logs -f w12\n  waybill logs 4711 --task 3 --stderr\n  waybill logs -f model:gold      the newest job of this key of an asset',
    )
    .action(async (job: string, options: Options) => {
      const printer = makePrinter(runtime, { json: options.json ?? false, resultsTo: 'err' })
      const opening = runtime.open(options)
      const { logs } = await import('../api/logs.ts')
      const dataset = await opening
      const { follow, stderr, task } = options
      await logs(dataset, job, {
        follow,
        stderr,
        task,
        onText: (text) => {
          runtime.out(text)
          return runtime.isRead()
        },
        ...printer.calls,
      })
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

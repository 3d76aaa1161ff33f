import type { Command } from 'commander'
import { withCommonOptions, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

/** `waybill show REV|JOB|PATH|REV:TASK` */
export function addShow(program: Command, runtime: Runtime): void {
  const command = program
    .command('show')
    .summary('read a record')
    .description(
      'Shows what ran, where, how long, from what, and what it made: by commit, by job, or by a file it made. REV:3, JOB:3 or JOB_3 shows one task of an array.',
    )
    .argument('[target]', 'a commit, a job (4711, w12), a task of one (HEAD:3, 4711_3) or a path', 'HEAD')
    .addHelpText(
      'after',
      '\nExamples:\n  waybill show HEAD\n  waybill show 4711\n  waybill show results/model.gz\n  waybill show HEAD:3      task 3 of the array that is recorded there\n  waybill show 4711_3',
    )
    .action(async (target: string, options: CommonOptions) => {
      const printer = makePrinter(runtime, { json: options.json ?? false })
      const opening = runtime.open(options)
      const { show } = await import('../api/show.ts')
      const { recordLines } = await import('./record-lines.ts')
      const { taskLines } = await import('./task-lines.ts')
      const dataset = await opening
      const { shown } = await show(dataset, target, printer.calls)
      if (shown !== null && options.json) runtime.out(`${JSON.stringify(shown)}\n`)
      else if (shown !== null) {
        const lines = shown.kind === 'task' ? taskLines(shown) : recordLines(shown)
        for (const line of lines) runtime.out(`${line}\n`)
      }
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

import type { Command } from 'commander'
import { withCommonOptions, type CommonOptions } from './options.ts'
import { resultLine } from './result-lines.ts'
import type { Runtime } from './runtime.ts'

/** `waybill init` */
export function addInit(program: Command, runtime: Runtime): void {
  const command = program
    .command('init')
    .summary('write an example of definitions')
    .description(
      'Writes a commented waybill.yaml with three small scripts into the current directory. Nothing is overwritten.',
    )
    .addHelpText('after', '\nExamples:\n  waybill init\n  waybill init && waybill assets check')
    .action(async (options: CommonOptions) => {
      const { init } = await import('../api/init.ts')
      const { results, exitCode } = await init(options.dataset ?? runtime.cwd, { env: runtime.env })
      for (const result of results)
        runtime.out(`${options.json ? JSON.stringify(result) : resultLine({ ...result, type: 'file' })}\n`)
      if (exitCode === 0 && !options.json)
        runtime.out('Next: `waybill assets check` proves it, `waybill assets list` shows it\n')
      runtime.exit(exitCode)
    })
  withCommonOptions(command)
}

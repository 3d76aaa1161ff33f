import type { Command } from 'commander'
import { resultLine } from './result-lines.ts'
import type { Runtime } from './runtime.ts'

/** `waybill trust` */
export function addTrust(program: Command, runtime: Runtime): void {
  program
    .command('trust')
    .summary('let a waybill.config.ts run')
    .description(
      'Notes in your own configuration that you trust a waybill.config.ts as it is now: from then on commands that need its definitions run its code. When the file changes, it has to be trusted anew. What it imports is not looked at.',
    )
    .argument('[file]', 'the file (default: the waybill.config.ts that holds in the current directory)')
    .option('--json', 'print one JSON object a result')
    .addHelpText('after', '\nExamples:\n  waybill trust\n  waybill trust waybill.config.ts')
    .action(async (file: string | undefined, options: { readonly json?: boolean }) => {
      const { trust } = await import('../api/trust.ts')
      const { cwd, env } = runtime
      const { results, exitCode } = await trust(file ?? null, { cwd, env })
      for (const result of results)
        runtime.out(`${options.json ? JSON.stringify(result) : resultLine({ ...result, type: 'file' })}\n`)
      runtime.exit(exitCode)
    })
}

import { InvalidArgumentError, Option, type Command } from 'commander'
import type { UsageKey } from '../job/usage/sum-usage.ts'
import { withCommonOptions, type CommonOptions, repeatable } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

interface Options extends CommonOptions {
  readonly since?: string
  readonly until?: string
  readonly by: readonly UsageKey[]
  readonly where: readonly string[]
}

// The engine's own list would have to be loaded for the help of every other command.
const keys = ['asset', 'key', 'account', 'week', 'user', 'cluster'] as const satisfies readonly UsageKey[]

/** `waybill usage` */
export function addUsage(program: Command, runtime: Runtime): void {
  const command = program
    .command('usage')
    .summary('sum what jobs took')
    .description(
      "Sums what the jobs took that are recorded in this branch's history, or have ended and wait for their record: core-hours, node-hours, GPU-hours, energy, and how well they used what they were given. Says which asked for far too much. What is not known is not counted as zero.",
    )
    .option('--since <date>', 'only jobs that ended on that day or later (2026-11-26, in UTC)')
    .option('--until <date>', 'only jobs that ended on that day or before')
    .addOption(
      new Option('--by <key>', 'a line for each of these; several times for combinations')
        .choices(keys)
        .default([] as readonly UsageKey[], 'one line for all')
        .argParser((value, before: readonly UsageKey[]) => [...before, readKey(value)]),
    )
    .addOption(
      repeatable('--where <condition>', 'only jobs of which it holds, such as "cpu_efficiency < 0.2"'),
    )
    .addHelpText(
      'after',
      `
Examples:
  waybill usage
  waybill usage --by week --since 2026-10-01
  waybill usage --by account --by user
  waybill usage --where "cpu_efficiency < 0.2" --where "core_hours > 10"
  waybill usage --by asset --json | jq .core_hours`,
    )
    .action(async (options: Options) => {
      const printer = makePrinter(runtime, { json: options.json ?? false })
      const opening = runtime.open(options)
      const { usage } = await import('../api/usage.ts')
      const { usageJson, usageLines } = await import('./usage-lines.ts')
      const { since, until, by, where } = options
      const found = await usage(await opening, { ...printer.calls, since, until, by, where })
      for (const line of options.json ? usageJson(found) : usageLines(found, by)) runtime.out(`${line}\n`)
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

function readKey(value: string): UsageKey {
  const key = keys.find((one) => one === value)
  if (key === undefined) throw new InvalidArgumentError(`Allowed choices are ${keys.join(', ')}.`)
  return key
}

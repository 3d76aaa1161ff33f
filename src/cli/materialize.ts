import { InvalidArgumentError, Option, type Command } from 'commander'
import type { AttachOptions, MaterializeOutcome } from '../api/materialize.ts'
import { printable } from '../api/printable.ts'
import { counted } from '../api/quantities.ts'
import { runGoesOn } from '../api/words-runs.ts'
import { printProblems } from './assets.ts'
import { withCommonOptions, type CommonOptions } from './options.ts'
import { partitionOption, selectionArgument, setOption, showPlan, type PlanFlags } from './plan.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

interface MaterializeFlags extends Omit<PlanFlags, 'explain'> {
  readonly dryRun?: boolean
  readonly jobs?: number
  readonly keepGoing?: boolean
  readonly detach?: boolean
}

/** `waybill materialize` */
export function addMaterialize(program: Command, runtime: Runtime): void {
  const command = program
    .command('materialize')
    .summary('make what is not fresh, in order, and record it')
    .description(
      'Makes what is not fresh of the selected assets by jobs, when what it needs is there, and records what ended well; keys that go to Slurm together are tasks of one array. It waits for the end. Ctrl-C leaves the jobs running; the same command, or `waybill attach`, goes on with them. While another makes assets here, this one watches. Without a selection, all assets.',
    )
    .addArgument(selectionArgument())
    .addOption(partitionOption())
    .option('--site <site>', 'run all at this site')
    .option('--force', 'make what is fresh, too')
    .addOption(setOption())
    .option('-n, --dry-run', 'only say what would run, as `waybill plan`')
    .option('-j, --jobs <n>', 'so many jobs at most at once', atLeastOne)
    .addOption(
      new Option(
        '--detach',
        'hand the whole graph to Slurm and leave; `waybill finish` records it',
      ).conflicts(['jobs', 'keepGoing', 'dryRun']),
    )
    .option('-k, --keep-going', 'after a failure, go on with what does not depend on it')
    .addHelpText(
      'after',
      `
Examples:
  waybill materialize                                everything that is not fresh
  waybill materialize +report --site here            report and all that it is made of, on this machine
  waybill materialize model --partition gold,tin     two keys of one asset
  waybill materialize model --force                  although it is fresh
  waybill materialize model --set memory=64G         with more memory, this time
  waybill materialize --site cluster --detach        all at once, and home
  waybill materialize 'tag:paper' --dry-run          what would run, and why`,
    )
    .action(async (selection: readonly string[], options: MaterializeFlags) =>
      options.dryRun === true
        ? showPlan(runtime, selection, options)
        : runMaterialize(runtime, selection, options),
    )
  withCommonOptions(command)
}

async function runMaterialize(
  runtime: Runtime,
  selection: readonly string[],
  options: MaterializeFlags,
): Promise<void> {
  const { partition, site, force, jobs, keepGoing, detach, set } = options
  const opening = runtime.open(options)
  const { materialize } = await import('../api/materialize.ts')
  const dataset = await opening
  await showRun(
    runtime,
    options,
    async (calls) =>
      materialize(dataset, selection, { partition, site, force, jobs, keepGoing, detach, set, ...calls }),
    detach,
  )
}

/** Shows a run as it is driven, with what is left to say at its end. */
export async function showRun(
  runtime: Runtime,
  options: CommonOptions,
  drive: (calls: AttachOptions) => Promise<MaterializeOutcome>,
  detach = false,
): Promise<void> {
  const json = options.json ?? false
  const printer = makePrinter(runtime, { json })
  let told = 0
  runtime.farewell(runGoesOn(null))
  const done = await drive({
    ...printer.calls,
    onRun: (run) => {
      // Not before there is something to do: it makes plans take half as long again.
      runtime.collectEarly()
      runtime.farewell(runGoesOn(run, detach))
    },
    onResult: (result) => {
      told += 1
      printer.calls.onResult?.(result)
    },
  })
  runtime.farewell(null)
  printer.end()
  printProblems(done.problems, json, runtime.out)
  for (const note of done.notes) runtime.err(`waybill: ${note}\n`)
  for (const { source, message } of done.failures) runtime.err(`waybill: ${printable(source)}: ${message}\n`)
  if (!json && done.problems.length > 0)
    runtime.err(`waybill: ${counted(done.problems.length, 'problem')} in ${printable(done.file)}\n`)
  else if (!json && told === 0 && done.failures.length === 0) runtime.out('nothing to do\n')
  runtime.exit(done.exitCode)
}

function atLeastOne(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}

import { Argument, Option, type Command } from 'commander'
import type { RunSettings } from '../assets/definitions/run-settings.ts'
import { printable } from '../api/printable.ts'
import { counted } from '../api/quantities.ts'
import { printProblems } from './assets.ts'
import { withCommonOptions, type CommonOptions } from './options.ts'
import type { Runtime } from './runtime.ts'

/** Options of a plan, as the command line gives them. */
export interface PlanFlags extends CommonOptions {
  readonly partition?: string
  readonly site?: string
  readonly force?: boolean
  readonly explain?: boolean
  readonly set?: RunSettings
}

/** `waybill plan` */
export function addPlan(program: Command, runtime: Runtime): void {
  const command = program
    .command('plan')
    .summary('say what would run, and why')
    .description(
      'Says for each selected asset which of its pieces are not fresh, and why; nothing runs, except what observes external sources. Without a selection, of all assets.',
    )
    .addArgument(selectionArgument())
    .addOption(partitionOption())
    .option('--site <site>', 'as if all ran at this site')
    .option('--force', 'what is fresh, too')
    .addOption(setOption())
    .option('--explain', 'show who said each resource, option and variable')
    .addHelpText(
      'after',
      `
Examples:
  waybill plan                                  everything
  waybill plan +report                          the asset report, and all that it is made of
  waybill plan 'tag:paper and not group:raw'    by words of the definitions
  waybill plan model --partition gold,tin       two keys of one asset
  waybill plan model --explain --set memory=64G how a run with that would be, and who said it
  waybill plan stale --json                     what is not fresh, for programs`,
    )
    .action(async (selection: readonly string[], options: PlanFlags) => showPlan(runtime, selection, options))
  withCommonOptions(command)
}

/** The words that select assets. */
export function selectionArgument(): Argument {
  return new Argument(
    '[selection...]',
    'names, with * for any text; group:, tag:, owner:, site:; +model with all upstream, model+1 with one step downstream; not, and, or, parentheses; stale',
  )
}

/** The option that chooses keys. */
export function partitionOption(): Option {
  return new Option(
    '--partition <keys>',
    'of partitioned assets only these keys: gold, 2026-01-01..2026-01-31, or several with commas',
  )
}

/** The option that says something for all jobs of a run. */
export function setOption(): Option {
  return new Option(
    '--set <name=value>',
    'for all jobs of this run: memory=64G, time=04:00:00, or an option of sbatch, constraint=a100; repeatable',
  ).argParser((text, before: RunSettings | undefined) => {
    const at = text.indexOf('=')
    return at < 0 ? { ...before, [text]: true } : { ...before, [text.slice(0, at)]: text.slice(at + 1) }
  })
}

/** Shows what would run: `waybill plan`, and `--dry-run` of what runs it. */
export async function showPlan(
  runtime: Runtime,
  selection: readonly string[],
  options: PlanFlags,
): Promise<void> {
  const { planAssets } = await import('../api/plan.ts')
  const { planLines, planTable } = await import('./plan-lines.ts')
  const { cwd, env, out, err } = runtime
  const { partition, site, force, explain, set, dataset, json } = options
  const done = await planAssets(selection, dataset ?? cwd, { cwd, env, partition, site, force, explain, set })
  const { file, problems, assets, notes, failures } = done
  printProblems(problems, json === true, out)
  if (json) {
    for (const { stale, blocked, ...asset } of assets)
      out(
        line({
          action: 'plan',
          status: stale.length > 0 ? 'ok' : blocked.length > 0 ? 'impossible' : 'notneeded',
          path: file,
          ...asset,
          stale,
          blocked,
        }),
      )
    for (const message of notes) out(line({ action: 'plan', status: 'notneeded', path: file, message }))
    for (const failure of failures) out(line({ action: 'observe', status: 'error', path: file, ...failure }))
  } else {
    for (const told of assets) for (const text of planLines(told)) out(`${text}\n`)
    for (const note of notes) err(`waybill: ${note}\n`)
    for (const { source, message } of failures) err(`waybill: ${printable(source)}: ${message}\n`)
    if (assets.some(({ chosen, fresh }) => fresh < chosen)) out(`\n${planTable(assets).join('\n')}\n`)
    else if (problems.length > 0)
      err(`waybill: ${counted(problems.length, 'problem')} in ${printable(file)}\n`)
    else if (failures.length === 0) out('nothing to do\n')
  }
  runtime.exit(done.exitCode)
}

function line(object: object): string {
  return `${JSON.stringify(object)}\n`
}

import type { Command } from 'commander'
import type { ToldProblem } from '../api/assets-check.ts'
import { printable } from '../api/printable.ts'
import { counted } from '../api/quantities.ts'
import { withCommonOptions, type CommonOptions } from './options.ts'
import type { Runtime } from './runtime.ts'
import { table } from './table.ts'

/** `waybill assets check|list|schema` */
export function addAssets(program: Command, runtime: Runtime): void {
  const assets = program
    .command('assets')
    .summary('prove and show the definitions of a graph of datasets')
    .description('Works on the definitions of assets: waybill.yaml or waybill.config.ts.')
    .addHelpText('after', '\nExamples:\n  waybill assets check\n  waybill assets list --json')
  addCheck(assets, runtime)
  addList(assets, runtime)
  addSchema(assets, runtime)
}

function addCheck(assets: Command, runtime: Runtime): void {
  const command = assets
    .command('check')
    .summary('say what is wrong with the definitions')
    .description(
      'Proves the definitions: names, cycles, paths that two assets write, scripts, options of sbatch, and, where Slurm answers, whether a partition has what assets ask for. Nothing runs.',
    )
    .addHelpText('after', '\nExamples:\n  waybill assets check\n  waybill assets check --json')
    .action(async (options: CommonOptions) => {
      const { checkAssets } = await import('../api/assets-check.ts')
      const { cwd, env } = runtime
      const { file, problems, warnings, summary, exitCode } = await checkAssets(options.dataset ?? cwd, {
        cwd,
        env,
      })
      for (const warning of warnings) runtime.err(`waybill: ${printable(warning)}\n`)
      printProblems(problems, options.json === true, runtime.out)
      if (summary !== null && options.json)
        runtime.out(`${JSON.stringify({ action: 'check', status: 'ok', path: file, ...summary })}\n`)
      else if (summary !== null) {
        const { assets: count, keys, sites, externals } = summary
        const parts = [
          `${counted(count, 'asset')}${keys === 0 ? '' : ` with ${counted(keys, 'key')}`}`,
          counted(sites, 'site'),
          ...(externals === 0 ? [] : [counted(externals, 'external source')]),
        ]
        runtime.out(`${printable(file)}: ${parts.join(', ')}; nothing is wrong\n`)
      } else if (!options.json)
        runtime.err(`waybill: ${counted(problems.length, 'problem')} in ${printable(file)}\n`)
      runtime.exit(exitCode)
    })
  withCommonOptions(command)
}

function addList(assets: Command, runtime: Runtime): void {
  const command = assets
    .command('list')
    .summary('list the assets that are defined')
    .description('Lists the assets, each behind those that it needs.')
    .addHelpText('after', '\nExamples:\n  waybill assets list\n  waybill assets list --json')
    .action(async (options: CommonOptions) => {
      const { listAssets } = await import('../api/assets-list.ts')
      const { cwd, env } = runtime
      const { assets: listed, problems, exitCode } = await listAssets(options.dataset ?? cwd, { cwd, env })
      printProblems(problems, options.json === true, runtime.out)
      if (options.json) for (const asset of listed) runtime.out(`${JSON.stringify(asset)}\n`)
      else if (listed.length > 0) {
        const rows = listed.map(({ name, needs, keys, site, description }) => [
          name,
          needs.length === 0 ? '-' : needs.join(', '),
          keys === null ? '-' : String(keys),
          site,
          description ?? '',
        ])
        for (const line of table([['NAME', 'NEEDS', 'KEYS', 'SITE', 'DESCRIPTION'], ...rows]))
          runtime.out(`${line}\n`)
      }
      runtime.exit(exitCode)
    })
  withCommonOptions(command)
}

function addSchema(assets: Command, runtime: Runtime): void {
  assets
    .command('schema')
    .summary('print the JSON Schema of waybill.yaml')
    .description('Prints the JSON Schema of waybill.yaml, which lets an editor complete and check it.')
    .option('--json', 'the same: it is JSON')
    .addHelpText('after', '\nExamples:\n  waybill assets schema > waybill.schema.json')
    .action(async () => {
      const { assetsSchema } = await import('../api/assets-schema.ts')
      runtime.out(`${JSON.stringify(await assetsSchema(), null, 1)}\n`)
      runtime.exit(0)
    })
}

/** A line for each: where it is, then what; with `--json` an object. */
export function printProblems(problems: readonly ToldProblem[], json: boolean, out: Runtime['out']): void {
  for (const { where, message, path: at, ...facts } of problems) {
    const { file, line, column } = where
    out(
      json
        ? `${JSON.stringify({ action: 'check', status: 'error', path: file, line, column, message, at, ...facts })}\n`
        : `${printable(file)}:${line}:${column}: ${message}\n`,
    )
  }
}

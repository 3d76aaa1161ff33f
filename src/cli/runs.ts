import type { Command } from 'commander'
import type { ListedRun } from '../assets/run/runs.ts'
import { dateTime, duration } from '../api/quantities.ts'
import { withCommonOptions, wholeNumber, type CommonOptions } from './options.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'
import { table } from './table.ts'

/** `waybill runs` */
export function addRuns(program: Command, runtime: Runtime): void {
  const command = program
    .command('runs')
    .summary('list runs of assets')
    .description(
      'Lists the newest runs that `waybill materialize` began, newest first: how many pieces each has made, what became of the others, and who drives it. Nothing is asked of Slurm.',
    )
    .option('-n, --most <n>', 'so many runs at most (default: 20)', wholeNumber)
    .addHelpText(
      'after',
      '\nExamples:\n  waybill runs\n  waybill runs --json | jq .state\n  waybill attach r7      go on with one that was broken off',
    )
    .action(async (options: CommonOptions & { readonly most?: number }) => {
      const printer = makePrinter(runtime, { json: options.json ?? false })
      const opening = runtime.open(options)
      const { runs } = await import('../api/runs.ts')
      const dataset = await opening
      const listed = await runs(dataset, { ...printer.calls, most: options.most })
      const lines = options.json
        ? listed.runs.map((run) => JSON.stringify(run))
        : runTable(listed.runs, runtime.now())
      for (const line of lines) runtime.out(`${line}\n`)
      runtime.exit(printer.end())
    })
  withCommonOptions(command)
}

function runTable(runs: readonly ListedRun[], now: number): readonly string[] {
  if (runs.length === 0) return ['no runs']
  const worktrees = new Set(runs.map(({ worktree }) => worktree)).size > 1
  const header = ['RUN', 'STATE', 'MADE', 'FAILED', 'RUNNING', 'NOT RUN', 'BEGAN', 'TOOK', 'DRIVER', 'WHAT']
  const rows = runs.map((run) => [
    run.run,
    run.state,
    `${run.made} of ${run.pieces}`,
    String(run.failed),
    String(run.running),
    String(run.notRun),
    dateTime(run.began),
    duration(Math.max(0, (run.ended ?? now) - run.began)),
    run.state === 'running' ? `process ${run.driver.pid} on ${run.driver.host}` : '-',
    whatOf(run),
    ...(worktrees ? [run.worktree] : []),
  ])
  const broken = runs.filter(({ state }) => state === 'interrupted')
  return [
    ...table([[...header, ...(worktrees ? ['WORKTREE'] : [])], ...rows]),
    ...broken.map(({ run }) => `${run} was broken off; \`waybill attach ${run}\` goes on with it`),
  ]
}

function whatOf({ request }: ListedRun): string {
  const { selection, keys, site, force, set = {} } = request
  return [
    selection === '' ? 'everything' : selection,
    ...(keys === null ? [] : [`--partition ${keys}`]),
    ...(site === null ? [] : [`--site ${site}`]),
    ...(force ? ['--force'] : []),
    ...Object.entries(set).map(([name, value]) => `--set ${value === true ? name : `${name}=${value}`}`),
  ].join(' ')
}

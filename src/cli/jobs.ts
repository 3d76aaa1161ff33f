import type { Command } from 'commander'
import { withCommonOptions, type CommonOptions } from './options.ts'
import { collectIfMany, printLines } from './many.ts'
import { makePrinter } from './printer.ts'
import type { Result } from '../api/result.ts'
import type { Runtime } from './runtime.ts'

/** `waybill jobs` */
export function addJobs(program: Command, runtime: Runtime): void {
  const command = program
    .command('jobs')
    .summary('list the open jobs')
    .description('Lists the open jobs with what the scheduler says of them. One query, however many jobs.')
    .option('--watch', 'stay and show changes until interrupted')
    .addHelpText(
      'after',
      '\nExamples:\n  waybill jobs\n  waybill jobs --watch\n  waybill jobs --json | jq .state',
    )
    .action(async (options: CommonOptions & { readonly watch?: boolean }) => run(runtime, options))
  withCommonOptions(command)
}

/** Seconds between looks: the first are quick, then rarer, because a controller answers many users. */
const spacing = [2, 2, 5, 5, 10, 20, 30]

/** However long Slurm is to be left alone, in seconds. */
const longest = 60

function pauseAfter(quiet: number): number {
  return spacing[Math.min(quiet, spacing.length - 1)] ?? longest
}

/** What people are told of a look that is not of this moment. */
function ageLine(age: number, rest: number): string {
  return `waybill: as Slurm was asked ${Math.round(age)} s ago; it may be asked again in ${Math.ceil(rest)} s\n`
}

async function run(runtime: Runtime, options: CommonOptions & { readonly watch?: boolean }): Promise<void> {
  const printer = makePrinter(runtime, { json: options.json ?? false })
  const opening = runtime.open(options)
  const { jobs: look } = await import('../api/jobs.ts')
  const { jobTable } = await import('./job-lines.ts')
  const dataset = await opening
  // What one look had to say need not be said again by the next.
  const said = new Set<string>()
  const onNews = (result: Result): void => {
    const text = JSON.stringify(result)
    if (!said.has(text)) printer.calls.onResult?.(result)
    said.add(text)
  }
  let shown = ''
  let quiet = 0
  let maxAge = options.watch ? pauseAfter(quiet) : 0
  for (;;) {
    const { jobs, lookedAt, againAt } = await look(dataset, {
      ...printer.calls,
      onResult: onNews,
      maxAge,
      onCount: (count) => collectIfMany(runtime, count),
    })
    const states = options.watch
      ? JSON.stringify(jobs.map((job) => [job.job, job.state, job.word, job.reason]))
      : null
    if (states === null || states !== shown) {
      if (shown !== '' && runtime.outIsTerminal && !options.json) runtime.out('\u001b[H\u001b[2J')
      printLines(
        runtime,
        options.json ? jobs.values().map((job) => JSON.stringify(job)) : jobTable(jobs, runtime.now()),
      )
      quiet = 0
    } else quiet++
    shown = states ?? ''
    const now = runtime.now()
    if (!options.watch || jobs.length === 0 || !runtime.isRead()) {
      const age = now - (lookedAt ?? now)
      if (age >= 2 && againAt !== null && now < againAt && runtime.terminal)
        runtime.err(ageLine(age, againAt - now))
      break
    }
    maxAge = pauseAfter(quiet)
    // Counted from the look, whoever took it: then all who watch wake together, and one asks for them all.
    const due = Math.max((lookedAt ?? now) + maxAge, againAt ?? now)
    await runtime.sleep(Math.min(Math.max(due - now, 0.1), longest))
  }
  runtime.exit(printer.end())
}

import { Option, type Command } from 'commander'
import type { ListedJob } from '../job/list.ts'
import { collectIfMany, printLines } from './many.ts'
import { repeatable, withCommonOptions } from './options.ts'
import {
  originalList,
  printerFor,
  summaryOf,
  underName,
  withOriginalOptions,
  type OriginalOptions,
  type Prefix,
} from './original.ts'
import type { Runtime } from './runtime.ts'

interface Options extends OriginalOptions {
  readonly message?: string
  readonly assume?: 'completed' | 'failed'
  readonly closeFailedJobs?: boolean
  readonly commitFailedJobs?: boolean
  readonly acceptFailedJobs?: boolean
  readonly listOpenJobs?: boolean
  readonly slurmJobId: readonly string[]
  readonly since?: string
  readonly output: readonly string[]
  readonly completedTasks?: boolean
  readonly branches?: boolean
  readonly octopus?: boolean
}

/** `waybill finish [JOB…]`, and `slurm-finish` */
export function addFinish(program: Command, runtime: Runtime, prefix: Prefix = ''): void {
  const command = program
    .command(`${prefix}finish`)
    .summary(summaryOf(prefix, 'record the jobs that have ended'))
    .description(
      'Commits the outputs of ended jobs, each with a record. Jobs that still run, have failed, or that nobody can tell about stay open.',
    )
    .argument('[job...]', "Slurm's job ids or ours (w12); all open jobs when none is named")
    .addOption(repeatable('--slurm-job-id <id>', 'the same as naming it'))
    .option('-m, --message <text>', 'free text for the records')
    .addOption(
      new Option('--assume <state>', 'your word on how a job ended that no witness can tell about').choices([
        'completed',
        'failed',
      ]),
    )
    .option('--close-failed-jobs', 'close failed jobs without recording them')
    .option('--commit-failed-jobs', 'record failed jobs like completed ones')
    .option('--accept-failed-jobs', 'the same as --commit-failed-jobs')
    .addOption(
      new Option(
        '-l, --list-open-jobs',
        'list the open jobs, or the named ones of them, and their states, and change nothing',
      ).conflicts('since'),
    )
    .option('--since <revision>', 'only jobs that were submitted at that commit or after it')
    .addOption(
      repeatable(
        '-o, --output <path>',
        'record this too, of the one job that is named; {task} tells which task of an array made which file',
      ),
    )
    .addOption(
      new Option(
        '--completed-tasks',
        'of an array that failed in part, record the tasks that completed, and keep the others open',
      ).conflicts(['closeFailedJobs', 'commitFailedJobs', 'acceptFailedJobs']),
    )
    .option('--explicit', 'record the declared outputs alone, as it is always done')
    .option('--branches', 'commit each job to a branch of its own (slurm-job-branch-ID)')
    .option('--octopus', 'commit each job on its own, and merge them all in one commit')
    .addHelpText('after', underName(prefix, examples))
    .action(async (jobs: string[], options: Options) => run(runtime, prefix, jobs, options))
  if (prefix !== '')
    command.option('-J, --jobs <n>', 'accepted; git-annex decides by itself what it does at once')
  withOriginalOptions(withCommonOptions(command), prefix, runtime.version)
}

const examples = `
Examples:
  waybill finish                            all that have ended
  waybill finish 4711 w12                   only these
  waybill finish --close-failed-jobs        let go of the failed ones
  waybill finish --branches                 each on a branch: git merge slurm-job-branch-4711
  waybill finish --completed-tasks 4711     the good tasks of an array, for now
  waybill finish --assume completed 4711    for a job the cluster has forgotten`

async function run(
  runtime: Runtime,
  prefix: Prefix,
  named: readonly string[],
  options: Options,
): Promise<void> {
  const jobs = [...named, ...options.slurmJobId]
  // The original's list is read by scripts: what else there is to say stands beside it.
  const aside = prefix !== '' && options.listOpenJobs ? 'err' : 'out'
  const printer = printerFor(runtime, prefix, options, aside)
  if (!options.listOpenJobs) runtime.collectEarly()
  const dataset = await runtime.open(options)
  if (options.listOpenJobs) {
    const { jobs: look } = await import('../api/jobs.ts')
    const { openJobsLines } = await import('./job-lines.ts')
    const { jobs: all } = await look(dataset, {
      ...printer.calls,
      onCount: (count) => collectIfMany(runtime, count),
    })
    const isNamed = ({ job, id }: ListedJob): boolean =>
      jobs.includes(job) || (id !== null && jobs.includes(id))
    const open = jobs.length === 0 ? all : all.filter(isNamed)
    const lines = prefix === '' ? openJobsLines(open, jobs.length > 0) : originalList(open)
    printLines(runtime, options.json ? open.values().map((job) => JSON.stringify(job)) : lines)
    runtime.exit(printer.end())
    return
  }
  const { finish } = await import('../api/finish.ts')
  const failedJobs =
    options.commitFailedJobs || options.acceptFailedJobs
      ? 'commit'
      : options.closeFailedJobs
        ? 'close'
        : 'keep'
  const { message, assume, since, output, completedTasks } = options
  await finish(dataset, jobs, {
    message,
    assume,
    failedJobs,
    since,
    outputs: output,
    completedTasks,
    landing: options.octopus ? 'octopus' : options.branches ? 'branches' : 'branch',
    ...printer.calls,
  })
  runtime.exit(printer.end())
}

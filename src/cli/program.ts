import { Command, CommanderError } from 'commander'
import { addAdopt } from './adopt.ts'
import { addAssets } from './assets.ts'
import { addAttach } from './attach.ts'
import { addCancel } from './cancel.ts'
import { addClose } from './close.ts'
import { addCompat } from './compat.ts'
import { addCompletion } from './completion.ts'
import { addDoctor } from './doctor.ts'
import { exitCode } from '../api/exit-code.ts'
import { addFinish } from './finish.ts'
import { addInit } from './init.ts'
import { addJobs } from './jobs.ts'
import { addLogs } from './logs.ts'
import { addMaterialize } from './materialize.ts'
import { addPlan } from './plan.ts'
import { addReschedule } from './reschedule.ts'
import { addRun } from './run.ts'
import { addRuns } from './runs.ts'
import type { Runtime } from './runtime.ts'
import { addSchedule } from './schedule.ts'
import { addShow } from './show.ts'
import { addUsage } from './usage.ts'
import { addTrust } from './trust.ts'

/** Every command's name and what adds it; the order is that of the help. */
const commands: readonly (readonly [name: string, add: (program: Command, runtime: Runtime) => void])[] = [
  ['schedule', addSchedule],
  ['run', addRun],
  ['jobs', addJobs],
  ['logs', addLogs],
  ['finish', addFinish],
  ['cancel', addCancel],
  ['close', addClose],
  ['adopt', addAdopt],
  ['reschedule', addReschedule],
  ['show', addShow],
  ['usage', addUsage],
  ['init', addInit],
  ['assets', addAssets],
  ['plan', addPlan],
  ['materialize', addMaterialize],
  ['runs', addRuns],
  ['attach', addAttach],
  ['trust', addTrust],
  ['doctor', addDoctor],
  ['completion', addCompletion],
  ['compat', addCompat],
  ['slurm-schedule', (program, runtime) => addSchedule(program, runtime, 'slurm-')],
  ['slurm-finish', (program, runtime) => addFinish(program, runtime, 'slurm-')],
  ['slurm-reschedule', (program, runtime) => addReschedule(program, runtime, 'slurm-')],
]

/** The command `wanted` alone where there is one of that name, else all. Each loads the engine only when it runs. */
export function buildProgram(runtime: Runtime, wanted: string | null = null): Command {
  const program = new Command('waybill')
    .description(
      'Submits work to Slurm and keeps the papers: results in git, with a record that can run the job again.',
    )
    .version(runtime.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; also after each command')
    .enablePositionalOptions()
    .showHelpAfterError('(waybill COMMAND --help tells more)')
    .exitOverride()
    .configureOutput({ writeOut: runtime.out, writeErr: runtime.err })
    .addHelpText(
      'after',
      `
Examples:
  waybill schedule -o results/ sbatch job.sh     submit a job that writes results/
  waybill jobs                                   see how the open jobs are
  waybill finish                                 record the jobs that have ended
  waybill show HEAD                              read the record that was made
  waybill reschedule HEAD                        run it again`,
    )
  // Building a command costs as much as running a small one: only the one that is meant is built, all where none is.
  const meant = commands.filter(([name]) => name === wanted)
  for (const [, add] of meant.length > 0 ? meant : commands) add(program, runtime)
  for (const command of program.commands.flatMap((one) => [one, ...one.commands])) {
    command.exitOverride().configureOutput({ writeOut: runtime.out, writeErr: runtime.err })
  }
  return program
}

/** Parses the words after `waybill` and runs the command; wrong usage exits with 2. */
export async function runProgram(
  program: Command,
  runtime: Runtime,
  words: readonly string[],
): Promise<void> {
  try {
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    runtime.exit(error.exitCode === 0 ? exitCode.ok : exitCode.usage)
  }
}

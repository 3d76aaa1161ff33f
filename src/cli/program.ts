import { Command, CommanderError } from 'commander'
import { addAdopt } from './adopt.ts'
import { addCancel } from './cancel.ts'
import { addClose } from './close.ts'
import { addCompat } from './compat.ts'
import { addCompletion } from './completion.ts'
import { addDoctor } from './doctor.ts'
import { exitCode } from '../api/exit-code.ts'
import { addFinish } from './finish.ts'
import { addJobs } from './jobs.ts'
import { addLogs } from './logs.ts'
import { addReschedule } from './reschedule.ts'
import { addRun } from './run.ts'
import type { Runtime } from './runtime.ts'
import { addSchedule } from './schedule.ts'
import { addShow } from './show.ts'

/** All commands. Each loads the engine only when it runs. */
export function buildProgram(runtime: Runtime): Command {
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
  for (const add of [
    addSchedule,
    addRun,
    addJobs,
    addLogs,
    addFinish,
    addCancel,
    addClose,
    addAdopt,
    addReschedule,
    addShow,
    addDoctor,
    addCompletion,
    addCompat,
  ]) {
    add(program, runtime)
  }
  for (const add of [addSchedule, addFinish, addReschedule]) add(program, runtime, 'slurm-')
  for (const command of program.commands) {
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

import { fail, ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import { CannotStart, run } from '../process/run.ts'
import type { SlurmFailure } from './failure.ts'

/** How Slurm's commands are asked. */
export interface QuerySettings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Seconds one question may take. */
  readonly deadline: number
  /** Times as people read them, in their zone, instead of epoch seconds. */
  readonly readableTimes?: boolean
}

/** What a command said. `stderr` may hold warnings beside a good answer. */
export interface Answer {
  readonly stdout: string
  readonly stderr: string
}

/** The unit separator, ASCII 31: names, comments and directories may hold anything else people type, newlines too. */
export const fieldSeparator = '\x1f'

/** The record separator, ASCII 30: a line's end says nothing, since names may hold one. */
export const recordSeparator = '\x1e'

/**
 * Asks one of Slurm's commands. English, times in epoch seconds, arrays in full, and none of the user's own variables
 * that would filter or reformat the answer. `partly`: what it says beside an error is an answer too.
 */
export async function query(
  settings: QuerySettings,
  program: string,
  args: readonly string[],
  { input, partly = false }: { readonly input?: string; readonly partly?: boolean } = {},
): Promise<Fallible<Answer, SlurmFailure>> {
  try {
    const result = await run(program, args, {
      env: queryEnvironment(settings),
      timeoutMs: settings.deadline * 1000,
      ...(input === undefined ? {} : { input }),
    })
    if (result.timedOut) return fail({ kind: 'slurm-timeout', program, seconds: settings.deadline })
    const stderr = result.stderr.trim()
    if (result.code !== 0 && !(partly && result.code === 1 && result.stdout.length > 0)) {
      const words = stderr || `ended with ${result.signal ?? `exit code ${result.code}`} and no word`
      return fail({ kind: 'slurm-error', program, words })
    }
    return ok({ stdout: result.stdout.toString(), stderr })
  } catch (error) {
    if (error instanceof CannotStart) return fail(error.missing)
    throw error
  }
}

function queryEnvironment(settings: QuerySettings): Readonly<Record<string, string | undefined>> {
  const kept = Object.entries(settings.env).filter(
    ([name]) => !/^(SQUEUE|SACCT|SCONTROL|SCANCEL|SLURM_(CLUSTERS|TIME_FORMAT|BITSTR_LEN))(_|$)/.test(name),
  )
  const times = settings.readableTimes ? {} : { SLURM_TIME_FORMAT: '%s', TZ: 'UTC' }
  return { ...Object.fromEntries(kept), LC_ALL: 'C', SLURM_BITSTR_LEN: '0', ...times }
}

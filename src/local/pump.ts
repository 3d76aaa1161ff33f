import { join } from 'node:path'
import { CannotStart, run } from '../process/run.ts'
import { askLogind } from './logind.ts'
import { installScripts } from './scripts.ts'

/** Whose queue is served, and with what environment. */
export interface Pump {
  /** One user's folder on this host, see pump.sh. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly user: string
}

/** The variables our own scripts get: no more than they need, since watchers keep them for as long as jobs run. */
const passed = ['PATH', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'] as const

/**
 * Has a detached pump start what may start now, and returns what the user should know, or null. That nothing starts is
 * no failure of the submission: the job waits, and the next event starts it. `must` is false for a caller that caused no
 * event and leaves the work to a pump that is at it.
 */
export async function pumpHome(pump: Pump, must = true): Promise<string | null> {
  const survival = await askLogind(pump.user, pump.env)
  const warning = survival.kind === 'doomed' ? survival.warning : null
  const inScope = survival.kind === 'scope' ? ['systemd-run', '--user', '--scope', '--quiet', '--'] : []
  const trouble = await runScript(pump, inScope, 'pump.sh', [pump.home, ...(must ? [] : ['try'])])
  const words = [warning, trouble === null ? null : `jobs cannot be started now: ${trouble}`]
  return words.filter((word) => word !== null).join('\n') || null
}

/** Tells cancel.sh to end a job's running tasks; it returns when they had their SIGTERM. Null, or what went wrong. */
export async function endTasks(pump: Pump, job: string, graceSeconds: number): Promise<string | null> {
  return runScript(pump, [], 'cancel.sh', [pump.home, job, String(Math.ceil(graceSeconds))])
}

async function runScript(
  pump: Pump,
  wrapper: readonly string[],
  script: (typeof scripts)[number],
  args: readonly string[],
): Promise<string | null> {
  const env = Object.fromEntries(passed.map((name) => [name, pump.env[name]]))
  try {
    const path = join(installScripts(pump.home), script)
    const ran = await run('setsid', ['-f', ...wrapper, 'sh', path, ...args], {
      cwd: '/',
      env,
      ownGroup: true,
      timeoutMs: 10_000,
    })
    if (ran.timedOut) return `${script} did not return within 10 s`
    return ran.code === 0 && ran.stderr === ''
      ? null
      : ran.stderr.trim() || `${script} ended with ${ran.code}`
  } catch (error) {
    if (error instanceof CannotStart) return error.missing.message
    return String(error)
  }
}

const scripts = ['pump.sh', 'cancel.sh'] as const

import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Hindrance, until } from '../setup/command.ts'
import type { Layout } from './layout.ts'

/** A process that cannot be mistaken for another with the same number: pid, start time in ticks, boot. */
export interface Identity {
  readonly pid: number
  readonly start: string
  readonly boot: string
}

/** How a daemon is started, in the foreground: we are its parent until we end, and know its pid for sure. */
export interface Daemon {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Record<string, string>
}

/** State letter and start time of a process from /proc/PID/stat; undefined when it is gone or only a zombie. */
export function processFacts(pid: number): { readonly state: string; readonly start: string } | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is a name in parentheses that may hold anything: fields count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0] ?? 'X'
  if (state === 'Z' || state === 'X') return undefined
  return { state, start: fields[19] ?? '' }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function recordPath(layout: Layout, name: string): string {
  return join(layout.folder, 'run', `${name}.json`)
}

/** The recorded process of a daemon while it really is that process; undefined when it does not run. */
export function runningDaemon(layout: Layout, name: string): Identity | undefined {
  const path = recordPath(layout, name)
  if (!existsSync(path)) return undefined
  const identity = JSON.parse(readFileSync(path, 'utf8')) as Identity
  if (identity.boot !== bootId() || processFacts(identity.pid)?.start !== identity.start) return undefined
  return identity
}

/** True when a daemon runs and is stopped by SIGSTOP. */
export function isFrozen(layout: Layout, name: string): boolean {
  const identity = runningDaemon(layout, name)
  return identity !== undefined && processFacts(identity.pid)?.state === 'T'
}

/** Starts a daemon that outlives us, if it does not run; its output goes to log/NAME.out. True when it was started. */
export function startDaemon(layout: Layout, daemon: Daemon): boolean {
  if (runningDaemon(layout, daemon.name) !== undefined) return false
  const out = join(layout.folder, 'log', `${daemon.name}.out`)
  mkdirSync(dirname(out), { recursive: true })
  const log = openSync(out, 'a')
  const child = spawn(daemon.file, daemon.args, {
    detached: true,
    cwd: join(layout.folder, 'run'),
    stdio: ['ignore', log, log],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      SLURM_CONF: layout.conf,
      ...daemon.env,
    },
  })
  child.unref()
  closeSync(log)
  const facts = child.pid === undefined ? undefined : processFacts(child.pid)
  if (child.pid === undefined || facts === undefined)
    throw new Hindrance(`${daemon.file} does not start; see ${out}`)
  const identity: Identity = { pid: child.pid, start: facts.start, boot: bootId() }
  writeFileSync(recordPath(layout, daemon.name), `${JSON.stringify(identity)}\n`)
  return true
}

/** Sends a signal to a daemon; false when it does not run. */
export function signalDaemon(layout: Layout, name: string, signal: NodeJS.Signals): boolean {
  const identity = runningDaemon(layout, name)
  if (identity === undefined) return false
  process.kill(identity.pid, signal)
  return true
}

/** Kills a daemon with SIGKILL and waits until it is gone; false when it did not run. */
export async function killDaemon(layout: Layout, name: string): Promise<boolean> {
  const was = signalDaemon(layout, name, 'SIGKILL')
  if (was) await until(`${name} is gone`, 10_000, () => (runningDaemon(layout, name) ? undefined : true))
  rmSync(recordPath(layout, name), { force: true })
  return was
}

/** Ends a daemon: SIGTERM, thawed first if need be, and SIGKILL after ten seconds. False when it did not run. */
export async function stopDaemon(layout: Layout, name: string): Promise<boolean> {
  if (!signalDaemon(layout, name, 'SIGTERM')) return killDaemon(layout, name)
  signalDaemon(layout, name, 'SIGCONT')
  const end = performance.now() + 10_000
  while (runningDaemon(layout, name) !== undefined && performance.now() < end) {
    await new Promise((wake) => setTimeout(wake, 20))
  }
  await killDaemon(layout, name)
  return true
}

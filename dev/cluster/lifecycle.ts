import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, Hindrance, until } from '../setup/command.ts'
import { registerCluster } from './accounts.ts'
import { writeConfs } from './confs.ts'
import { isFrozen, killDaemon, runningDaemon, signalDaemon, startDaemon, stopDaemon } from './daemon.ts'
import { killLeftovers } from './leftovers.ts'
import { forgetTakenPorts, type Layout } from './layout.ts'
import { answers, daemonNamed, daemonNames, nodeState, prepareFolders, resumeNode } from './services.ts'

const readyLimitMs = 60_000

/** Brings a cluster up, whatever its state: starts what does not run, thaws what is frozen, waits for every answer. */
export async function bringUp(layout: Layout, say: (line: string) => void): Promise<void> {
  requirePrograms()
  if (layout.home !== layout) await bringUp(layout.home, say)
  mkdirSync(layout.folder, { recursive: true, mode: 0o755 })
  const running = daemonNames(layout).filter((name) => runningDaemon(layout, name) !== undefined)
  if (!running.some((name) => name.startsWith('slurm'))) forgetTakenPorts(layout)
  if (writeConfs(layout) && running.length > 0) {
    say(`${layout.variant.name}: its configuration changed, daemons start anew`)
    await takeDown(layout)
  }
  prepareFolders(layout)
  for (const name of daemonNames(layout)) if (isFrozen(layout, name)) signalDaemon(layout, name, 'SIGCONT')
  const serving = daemonNames(layout).filter((name) => !name.startsWith('slurmd-') && name !== 'slurmctld')
  // MariaDB needs seconds and munged does not know it: both start before either is waited for.
  for (const name of serving) if (name !== 'slurmdbd') startDaemon(layout, daemonNamed(layout, name))
  // In this order: a slurmdbd that finds no database tries again only after five seconds, and a slurmctld that
  // starts before its cluster is registered dies without TRES.
  for (const name of serving) await startAndWait(layout, name)
  registerCluster(layout)
  const rest = daemonNames(layout).filter((name) => !serving.includes(name))
  for (const name of rest) startDaemon(layout, daemonNamed(layout, name))
  for (const name of rest) await startAndWait(layout, name)
  say(`${layout.variant.name}: up, four nodes (export SLURM_CONF=${layout.conf})`)
}

async function startAndWait(layout: Layout, name: string): Promise<void> {
  startDaemon(layout, daemonNamed(layout, name))
  await until(`${name} answers (${logTail(layout, name)})`, readyLimitMs, () => {
    if (answers(layout, name)) return true
    if (runningDaemon(layout, name) === undefined)
      throw new Hindrance(`${name} died\n${logTail(layout, name)}`)
    const node = name.replace('slurmd-', '')
    if (node !== name && nodeState(layout, node) === 'out') resumeNode(layout, node)
    return undefined
  })
}

function logTail(layout: Layout, name: string): string {
  const log = [`log/${name}.log`, `log/${name}.out`]
    .map((path) => join(layout.folder, path))
    .find((path) => existsSync(path))
  return log === undefined
    ? 'no log'
    : `${log}:\n${readFileSync(log, 'utf8').split('\n').slice(-12).join('\n')}`
}

/** Ends all daemons and jobs of a cluster, and leaves its state for the next start. */
export async function takeDown(layout: Layout): Promise<void> {
  const names = [...daemonNames(layout)].toReversed()
  const nodes = names.filter((name) => name.startsWith('slurmd-'))
  // A job that the controller still takes for running would be so for ever after the next start.
  if (signalDaemon(layout, 'slurmctld', 'SIGCONT')) {
    const env = { ...process.env, SLURM_CONF: layout.conf }
    for (const state of ['PENDING', 'RUNNING', 'SUSPENDED']) {
      attempt('scancel', ['--quiet', `--state=${state}`], { env, timeoutMs: 5_000 })
    }
  }
  await Promise.all([...nodes, 'slurmctld'].map((name) => stopDaemon(layout, name)))
  await killLeftovers(layout)
  for (const name of names) await stopDaemon(layout, name)
}

/** Removes all that a cluster wrote; it must be down. */
export function forget(layout: Layout): void {
  rmSync(layout.folder, { recursive: true, force: true })
}

/** Kills one daemon, or all four slurmd by the name `slurmd`. */
export async function kill(layout: Layout, name: string): Promise<void> {
  for (const one of namesMeant(layout, name)) await killDaemon(layout, one)
}

/** Stops a daemon by SIGSTOP (`freeze`) or lets it go on (`thaw`). */
export function freeze(layout: Layout, name: string, how: 'freeze' | 'thaw'): void {
  for (const one of namesMeant(layout, name)) {
    const sent = signalDaemon(layout, one, how === 'freeze' ? 'SIGSTOP' : 'SIGCONT')
    if (!sent) throw new Hindrance(`${one} does not run`)
  }
}

/** Ends a daemon if it runs, starts it and waits for its answer. */
export async function restart(layout: Layout, name: string): Promise<void> {
  for (const one of namesMeant(layout, name)) {
    await stopDaemon(layout, one)
    await startAndWait(layout, one)
  }
}

/** Each daemon's name, pid and condition. */
export function conditions(layout: Layout): readonly (readonly [string, string])[] {
  return daemonNames(layout).map((name) => {
    const identity = runningDaemon(layout, name)
    if (identity === undefined) return [name, 'down']
    if (isFrozen(layout, name)) return [name, `frozen, pid ${identity.pid}`]
    return [name, `${answers(layout, name) ? 'up' : 'runs but does not answer'}, pid ${identity.pid}`]
  })
}

function namesMeant(layout: Layout, name: string): readonly string[] {
  const known = daemonNames(layout)
  const meant = known.filter((one) => one === name || (name === 'slurmd' && one.startsWith('slurmd-')))
  if (meant.length > 0) return meant
  throw new Hindrance(
    `${layout.variant.name} has no daemon "${name}"; it has ${known.join(', ')} (slurmd: all four)`,
  )
}

function requirePrograms(): void {
  const files = ['slurmctld', 'slurmd', 'slurmdbd', 'munged', 'mariadbd'].map((name) => `/usr/sbin/${name}`)
  const missing = files.filter((file) => !existsSync(file))
  if (missing.length === 0) return
  throw new Hindrance(`not installed: ${missing.join(', ')}; run: node dev/setup/main.ts`)
}

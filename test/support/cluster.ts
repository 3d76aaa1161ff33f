import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { clusterRoot, layoutOf } from '../../dev/cluster/layout.ts'
import { demand, until } from '../../dev/setup/command.ts'
import { checkout } from './runtime.ts'
import { accountOf, canSwitch } from './users.ts'

/** A running cluster, as a scenario uses it. */
export interface Cluster extends AsyncDisposable {
  readonly variant: string
  readonly conf: string
  /** What a command needs in its environment to use this cluster. */
  readonly env: { readonly SLURM_CONF: string }
  /** SIGKILL, SIGSTOP, SIGCONT, or end and start anew; names as of `npm run cluster` (slurmctld, slurmd-n1, ...). */
  kill(daemon: string): void
  freeze(daemon: string): void
  thaw(daemon: string): void
  restart(daemon: string): void
  /** Starts and thaws all that is not up, and waits until it answers. */
  heal(): void
  /**
   * Waits until the controller has written to disk what it knows now. It writes some seconds late, and one that is
   * killed before comes back with older news: a running job is pending again, a new one was never there.
   */
  saved(): Promise<void>
  /** Lets others use the variant again; heals it first. */
  release(): Promise<void>
}

/** Brings a variant up (idempotent, seconds when it was down). Root only. */
export function bringUpVariant(variant: string): void {
  control('up', undefined, variant)
}

/**
 * The cluster of a variant, up. All but `default` and `second` are the caller's alone until `release`: another
 * scenario, of this run or another, that asks for the same variant waits. `default` is shared: never disturb it.
 */
export async function takeCluster(variant: string): Promise<Cluster> {
  const shared = variant === 'default' || variant === 'second'
  const unlock = shared ? async (): Promise<void> => {} : await lock(variant)
  if (canSwitch()) {
    bringUpVariant(variant)
    for (const role of ['user', 'peer'] as const) control('admit', accountOf(role).name, variant)
  }
  const { conf } = layoutOf(variant)
  const release = async (): Promise<void> => {
    if (!shared) bringUpVariant(variant)
    await unlock()
  }
  return {
    variant,
    conf,
    env: { SLURM_CONF: conf },
    kill: (daemon) => control('kill', daemon, variant),
    freeze: (daemon) => control('freeze', daemon, variant),
    thaw: (daemon) => control('thaw', daemon, variant),
    restart: (daemon) => control('restart', daemon, variant),
    heal: () => bringUpVariant(variant),
    saved: async () => waitForSave(conf),
    release,
    [Symbol.asyncDispose]: release,
  }
}

function control(command: string, what: string | undefined, variant: string): void {
  const words = ['dev/cluster/main.ts', command, ...(what === undefined ? [] : [what]), '--variant', variant]
  demand(process.execPath, words, { cwd: checkout })
}

// A change is what makes it write: a held job comes and goes.
async function waitForSave(conf: string): Promise<void> {
  const file = join(conf, '../../spool/slurmctld/job_state')
  const written = (): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const env = { ...process.env, SLURM_CONF: conf }
  const before = written()
  const held = ['--parsable', '--hold', '--output=/dev/null', '--chdir=/', '--wrap', 'true']
  const id = demand('sbatch', held, { env }).trim()
  demand('scancel', [id], { env })
  await until('the controller saves its state', 30_000, () => (written() > before ? true : undefined))
}

// The lock is flock's, which holds it for as long as its input is open: it is free again even if we are killed.
async function lock(variant: string): Promise<() => Promise<void>> {
  const folder = join(clusterRoot(), 'locks')
  mkdirSync(folder, { recursive: true })
  const holder = spawn('flock', [join(folder, variant), 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  return async () => {
    const ended = once(holder, 'exit')
    holder.stdin.end()
    await ended
  }
}

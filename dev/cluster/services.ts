import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, demand } from '../setup/command.ts'
import type { Daemon } from './daemon.ts'
import { listeningPorts, mungeSocket, portsOf, type Layout } from './layout.ts'

/** The names of the four nodes of every cluster. */
const nodes: readonly string[] = ['n1', 'n2', 'n3', 'n4']

/** Names of the daemons a cluster runs itself, in the order in which they start. */
export function daemonNames(layout: Layout): readonly string[] {
  const { accounting } = layout.variant
  return [
    ...(layout.home === layout ? ['munged'] : []),
    ...(accounting === 'own' ? ['mariadbd', 'slurmdbd'] : []),
    'slurmctld',
    ...nodes.map((node) => `slurmd-${node}`),
  ]
}

/** How the daemon of this name is started. */
export function daemonNamed(layout: Layout, name: string): Daemon {
  const munge = join(layout.folder, 'munge')
  if (name === 'munged') {
    const args = [
      '--foreground',
      '--force',
      `--socket=${mungeSocket(layout)}`,
      `--key-file=${munge}/munge.key`,
      `--pid-file=${munge}/munged.pid`,
      `--seed-file=${munge}/munged.seed`,
      `--log-file=${munge}/munged.log`,
    ]
    return { name, file: '/usr/sbin/munged', args }
  }
  if (name === 'mariadbd') {
    return {
      name,
      file: '/usr/sbin/mariadbd',
      args: [`--defaults-file=${layout.folder}/etc/my.cnf`, '--user=mysql'],
    }
  }
  if (name === 'slurmdbd') {
    return {
      name,
      file: '/usr/sbin/slurmdbd',
      args: ['-D'],
      env: { MYSQL_UNIX_PORT: databaseSocket(layout) },
    }
  }
  if (name === 'slurmctld') return { name, file: '/usr/sbin/slurmctld', args: ['-D', '-f', layout.conf] }
  return {
    name,
    file: '/usr/sbin/slurmd',
    args: ['-D', '-f', layout.conf, '-N', name.replace('slurmd-', '')],
  }
}

/** MariaDB's socket. */
function databaseSocket(layout: Layout): string {
  return join(layout.folder, 'mariadb/mariadb.sock')
}

/** Makes folders, key and empty database of a cluster where they are absent. */
export function prepareFolders(layout: Layout): void {
  for (const name of ['run', 'log', 'spool/slurmctld', ...nodes.map((node) => `spool/${node}`)]) {
    mkdirSync(join(layout.folder, name), { recursive: true, mode: 0o755 })
  }
  if (layout.home === layout) prepareMunge(join(layout.folder, 'munge'))
  if (layout.variant.accounting === 'own') prepareDatabase(layout)
}

function prepareMunge(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const key = join(folder, 'munge.key')
  if (!existsSync(key)) writeFileSync(key, randomBytes(1024), { mode: 0o400 })
}

// The ready mark is written last: a half-made database is made again.
function prepareDatabase(layout: Layout): void {
  const folder = join(layout.folder, 'mariadb')
  const ready = join(folder, 'ready')
  if (existsSync(ready)) return
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  chmodSync(folder, 0o755)
  demand('chown', ['mysql:mysql', folder])
  const args = [
    '--user=mysql',
    '--skip-test-db',
    '--skip-name-resolve',
    '--auth-root-authentication-method=socket',
  ]
  demand('mariadb-install-db', [`--defaults-file=${layout.folder}/etc/my.cnf`, ...args])
  writeFileSync(ready, '')
}

/** True when the daemon of this name does its work, asked through its own client. */
export function answers(layout: Layout, name: string): boolean {
  const env = { ...process.env, SLURM_CONF: layout.conf }
  const ask = (file: string, args: readonly string[]): boolean =>
    attempt(file, args, { env, timeoutMs: 10_000 }).code === 0
  if (name === 'munged') return ask('munge', ['--no-input', `--socket=${mungeSocket(layout)}`])
  if (name === 'mariadbd')
    return existsSync(databaseSocket(layout)) && ask('mariadb-admin', databasePing(layout))
  if (name === 'slurmdbd') return ask('sacctmgr', ['-n', 'show', 'cluster'])
  if (name === 'slurmctld') return ask('scontrol', ['ping'])
  const node = name.replace('slurmd-', '')
  return (
    listeningPorts().has(portsOf(layout) + 2 + nodes.indexOf(node)) && nodeState(layout, node) === 'ready'
  )
}

function databasePing(layout: Layout): readonly string[] {
  return ['--no-defaults', '--user=root', `--socket=${databaseSocket(layout)}`, 'ping']
}

/** Whether the controller would start a job on a node; `unknown` when it does not answer. */
export function nodeState(layout: Layout, node: string): 'ready' | 'out' | 'not ready' | 'unknown' {
  const env = { ...process.env, SLURM_CONF: layout.conf }
  const outcome = attempt('sinfo', ['-h', '-N', '-n', node, '-o', '%T'], { env, timeoutMs: 10_000 })
  if (outcome.code !== 0) return 'unknown'
  const states = outcome.stdout.trim().split('\n')
  if (states.every((state) => /^(idle|mixed|allocated|completing)$/.test(state))) return 'ready'
  return states.some((state) => /^(down|drain|inval)/.test(state)) ? 'out' : 'not ready'
}

/** Puts a node back to work that was taken out of it; whether that helped, `nodeState` tells. */
export function resumeNode(layout: Layout, node: string): void {
  const env = { ...process.env, SLURM_CONF: layout.conf }
  attempt('scontrol', ['update', `NodeName=${node}`, 'State=RESUME'], { env, timeoutMs: 10_000 })
}

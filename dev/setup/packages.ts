import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { attempt, demand, Hindrance, type CommandOptions } from './command.ts'

// What the scenarios run, and the Debian package it is in.
const programs: readonly (readonly [program: string, pkg: string])[] = [
  ['git', 'git'],
  ['git-annex', 'git-annex'],
  ['datalad', 'datalad'],
  ['slurmctld', 'slurm-wlm'],
  ['slurmd', 'slurm-wlm'],
  ['sbatch', 'slurm-client'],
  ['slurmdbd', 'slurmdbd'],
  ['munged', 'munge'],
  ['mariadbd', 'mariadb-server'],
  ['mariadb-install-db', 'mariadb-server'],
  ['mariadb-admin', 'mariadb-client'],
  ['shellcheck', 'shellcheck'],
  ['strace', 'strace'],
  ['sudo', 'sudo'],
  ['flock', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['useradd', 'passwd'],
  ['ssh-keygen', 'openssh-client'],
  ['bwrap', 'bubblewrap'],
  ['python3', 'python3'],
  ['sshfs', 'sshfs'],
  ['script', 'bsdutils'],
]

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

const policy = '/usr/sbin/policy-rc.d'
const savedPolicy = '/usr/sbin/policy-rc.d.before-waybill'

const ourPolicy =
  '#!/bin/sh\n# Written while packages for the tests are installed; gone afterwards.\nexit 101\n'

/** The Python that belongs to the system: another one may lie where an ordinary user cannot read it. */
export const systemPython = '/usr/bin/python3'

/** The other end of sshfs. */
export const sftpServer = '/usr/lib/openssh/sftp-server'

/** The Debian packages of which something is absent, sorted; empty when this machine has everything. */
function missingPackages(): readonly string[] {
  const absent = programs.filter(([program]) => !folders.some((folder) => existsSync(`${folder}/${program}`)))
  const packages = new Set(absent.map(([, pkg]) => pkg))
  // ensurepip is what a Debian without python3-venv lacks; the module venv itself is always there.
  if (attempt(systemPython, ['-c', 'import venv, ensurepip']).code !== 0) packages.add('python3-venv')
  // It brings no program, only commands for Debian's datalad.
  if (!existsSync('/usr/lib/python3/dist-packages/datalad_container')) packages.add('datalad-container')
  if (!existsSync(sftpServer)) packages.add('openssh-sftp-server')
  return [...packages].toSorted()
}

/**
 * Installs what this machine lacks by apt-get, with its progress on standard error, and lets no package start a
 * service. Where that is not ours to do, one `Hindrance` names all that is missing and the command.
 */
export function installPackages(say: (line: string) => void): void {
  const missing = missingPackages()
  if (missing.length === 0) return
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (!mayInstall) {
    const command = `sudo apt-get install --no-install-recommends ${missing.join(' ')}`
    throw new Hindrance(`missing on this machine: ${missing.join(', ')}\non Debian or Ubuntu: ${command}`)
  }
  say(`installing ${missing.join(', ')}`)
  withoutServices(() => {
    if (!haveLists()) updateLists()
    const args = [
      '-q',
      '-y',
      '-o',
      'DPkg::Lock::Timeout=300',
      'install',
      '--no-install-recommends',
      ...missing,
    ]
    if (attempt('apt-get', args, quietApt()).code === 0) return
    // Old lists name versions that the mirror has no more.
    updateLists()
    demand('apt-get', args, quietApt())
  })
  const still = missingPackages()
  if (still.length > 0)
    throw new Hindrance(`installed, and yet something of it is not there: ${still.join(', ')}`)
}

function quietApt(): CommandOptions {
  return { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, show: true }
}

function haveLists(): boolean {
  const folder = '/var/lib/apt/lists'
  return (
    existsSync(folder) &&
    readdirSync(folder).some((name) => name.endsWith('_Packages') || name.includes('_Packages.'))
  )
}

function updateLists(): void {
  demand('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', 'update'], quietApt())
}

// Debian asks this script before a package starts a service; 101 forbids. A machine's own script comes back, also
// one that an earlier, killed set-up had put aside.
function withoutServices(install: () => void): void {
  const restore = (): void => {
    if (existsSync(savedPolicy)) renameSync(savedPolicy, policy)
    else rmSync(policy, { force: true })
  }
  const interrupted = (): void => {
    restore()
    process.exit(130)
  }
  if (existsSync(policy) && readFileSync(policy, 'utf8') !== ourPolicy) renameSync(policy, savedPolicy)
  writeFileSync(policy, ourPolicy, { mode: 0o755 })
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    install()
  } finally {
    restore()
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
  }
}

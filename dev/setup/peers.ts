import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { demand, Hindrance } from './command.ts'
import { systemPython } from './packages.ts'

// The other sides, in the versions the scenarios are written against.
const wheels = [
  'datalad==1.7.1',
  'datalad-container==1.2.6',
  'datalad-slurm==0.2.8',
  'git-annex==10.20261026',
  'dagster-pipes==1.13.29',
]

/** Where what is made once for all runs lies; root's is a place that ordinary test users can read. */
function cacheFolder(): string {
  if (process.getuid?.() === 0) return '/var/cache/waybill-dev'
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'waybill-dev')
}

/** The folder of the new `datalad`, `git-annex`, datalad-slurm and dagster-pipes: a virtual environment's bin. */
function peersBin(): string {
  const python = demand(systemPython, ['-c', 'import sys; print(sys.version)'])
  const key = createHash('sha256')
    .update([...wheels, python].join('\n'))
    .digest('hex')
    .slice(0, 12)
  return join(cacheFolder(), `peers-${key}`, 'bin')
}

/**
 * Makes the virtual environment of the other sides if there is none for these versions and gives its bin folder.
 * It appears whole or not at all; a run at the same time makes its own and one of the two stays.
 */
export function installPeers(say: (line: string) => void): string {
  const bin = peersBin()
  const published = join(bin, '..')
  if (existsSync(join(bin, 'datalad'))) return bin
  say(`installing ${wheels.join(', ')} into ${published}`)
  mkdirSync(cacheFolder(), { recursive: true, mode: 0o755 })
  // An environment cannot be moved, its scripts name its folder: it is made in place and a link is what appears.
  const made = `${published}.${randomUUID().slice(0, 8)}`
  const clean = {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '', PYTHONHOME: '', PYTHONPATH: '' },
    show: true,
  }
  try {
    demand(systemPython, ['-m', 'venv', made], clean)
    const pip = ['-m', 'pip', '--no-input', '--disable-pip-version-check', 'install', '--progress-bar', 'off']
    demand(join(made, 'bin/python'), [...pip, ...wheels], clean)
    demand('chmod', ['-R', 'go+rX', made])
    symlinkSync(made, `${made}.link`)
    renameSync(`${made}.link`, published)
  } catch (problem) {
    rmSync(made, { recursive: true, force: true })
    throw problem
  }
  if (readlinkSync(published) !== made) rmSync(made, { recursive: true, force: true })
  if (!existsSync(join(bin, 'datalad'))) throw new Hindrance(`${published} has no datalad`)
  return bin
}

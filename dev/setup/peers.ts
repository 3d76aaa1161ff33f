import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { demand, Hindrance } from './command.ts'
import { systemPython } from './packages.ts'

/** A virtual environment: wheels in the versions the scenarios are written against, and the program that tells it is whole. */
interface Environment {
  readonly name: string
  readonly wheels: readonly string[]
  readonly program: string
}

const peers: Environment = {
  name: 'peers',
  wheels: [
    'datalad==1.7.1',
    'datalad-container==1.2.6',
    'datalad-slurm==0.2.8',
    'git-annex==10.20261026',
    'dagster-pipes==1.13.29',
  ],
  program: 'datalad',
}

// Apart from the others, since only one scenario needs it.
const snakemake: Environment = {
  name: 'snakemake',
  wheels: ['snakemake==9.27.1', 'snakemake-executor-plugin-cluster-generic==1.0.9'],
  program: 'snakemake',
}

/** Where what is made once for all runs lies; root's is a place that ordinary test users can read. */
function cacheFolder(): string {
  if (process.getuid?.() === 0) return '/var/cache/waybill-dev'
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'waybill-dev')
}

function binOf({ name, wheels }: Environment): string {
  const python = demand(systemPython, ['-c', 'import sys; print(sys.version)'])
  const key = createHash('sha256')
    .update([...wheels, python].join('\n'))
    .digest('hex')
    .slice(0, 12)
  return join(cacheFolder(), `${name}-${key}`, 'bin')
}

/** Makes the environment of the new `datalad`, `git-annex`, datalad-slurm and dagster-pipes, and gives its bin folder. */
export function installPeers(say: (line: string) => void): string {
  return install(peers, say)
}

/** Makes the environment of Snakemake, and gives its bin folder. */
export function installSnakemake(say: (line: string) => void): string {
  return install(snakemake, say)
}

/**
 * Makes a virtual environment if there is none for these versions and gives its bin folder. It appears whole or not at all;
 * a run at the same time makes its own and one of the two stays.
 */
function install(environment: Environment, say: (line: string) => void): string {
  const { wheels, program } = environment
  const bin = binOf(environment)
  const published = join(bin, '..')
  if (existsSync(join(bin, program))) return bin
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
  if (!existsSync(join(bin, program))) throw new Hindrance(`${published} has no ${program}`)
  return bin
}

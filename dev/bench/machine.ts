import { arch, cpus, platform, release, totalmem } from 'node:os'
import { attempt } from '../setup/command.ts'

/** When and where this runs, and on which versions, in one line. */
export function machineLine(env: NodeJS.ProcessEnv): string {
  const version = (...[file = '', ...args]: readonly string[]): string =>
    /\d+(\.\d+)+/.exec(attempt(file, args, { env }).stdout)?.[0] ?? 'of an unknown version'
  const pip = attempt('python', ['-m', 'pip', 'list', '--format=freeze'], { env }).stdout
  const wheel = (name: string): string =>
    new RegExp(`^${name}==(.*)$`, 'm').exec(pip)?.[1] ?? 'of an unknown version'
  return [
    new Date().toISOString().slice(0, 10),
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'cpu'}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${platform()} ${release()} ${arch()}`,
    `Node ${process.versions.node}`,
    `Slurm ${version('sbatch', '--version')}`,
    `git ${version('git', '--version')}`,
    `git-annex ${version('git-annex', 'version', '--raw')}`,
    `DataLad ${wheel('datalad')}`,
    `datalad-slurm ${wheel('datalad-slurm')}`,
  ].join(', ')
}

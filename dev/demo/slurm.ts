import { join } from 'node:path'
import { layoutOf } from '../cluster/layout.ts'
import { attempt, demand, Hindrance } from '../setup/command.ts'
import { installPackages } from '../setup/packages.ts'

/** The environment in which Slurm's commands work: this machine's own Slurm, else the cluster of dev/, which needs root. */
export function slurmEnvironment(env: NodeJS.ProcessEnv, say: (text: string) => void): NodeJS.ProcessEnv {
  if (answers(env)) {
    say('The Slurm of this machine answers: the jobs go there.')
    return env
  }
  const { conf } = layoutOf('default')
  const own = { ...env, SLURM_CONF: conf }
  if (process.getuid?.() === 0) {
    say('No Slurm answers here: a real one of four nodes is started on this machine (npm run cluster -- up).')
    installPackages((line) => process.stdout.write(`${line}\n`))
    demand(process.execPath, [join(import.meta.dirname, '../cluster/main.ts'), 'up'])
    return own
  }
  if (answers(own)) {
    say('The development cluster of this machine runs: the jobs go there.')
    return own
  }
  throw new Hindrance(
    'no Slurm answers here, and starting one (npm run cluster -- up) needs root.\n' +
      'Without --slurm, the demo runs its jobs as background processes on this machine.',
  )
}

/** Whether Slurm answers in this environment. */
export function answers(env: NodeJS.ProcessEnv): boolean {
  return attempt('sinfo', ['-h'], { env, timeoutMs: 10_000 }).code === 0
}

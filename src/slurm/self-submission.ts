import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SubmitRequest } from '../contract/scheduler.ts'
import { shippedText } from '../process/shipped.ts'
import { writeTrace } from './witnesses.ts'

/**
 * Makes a submission's folder ready for a command that submits by itself, and gives the environment to run it in: the same,
 * with an sbatch of ours first on its PATH. (A folder whose path holds a colon cannot stand on PATH: there the printed ids
 * are all that is seen.)
 */
export function withShim(request: SubmitRequest): Readonly<Record<string, string>> {
  const { folder, env } = request
  const bin = join(folder, 'bin')
  for (const each of [bin, join(folder, 'calls')]) mkdirSync(each, { recursive: true })
  writeTrace(folder, { clusters: null, ownComment: false, submitsNothing: false, submitsItself: true })
  writeFileSync(join(folder, 'mark'), `waybill:${request.token}\n`)
  const program = join(bin, 'sbatch')
  writeFileSync(program, shippedText('sbatch-shim.sh', import.meta.url))
  chmodSync(program, 0o755)
  // Without a PATH a shell has one of its own.
  const path = env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'
  return folder.includes(':') ? env : { ...env, PATH: `${bin}:${path}` }
}

import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SubmitRequest } from '../contract/scheduler.ts'
import type { InstalledFile } from '../process/install-files.ts'
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
  const calls = join(folder, 'calls')
  for (const each of [bin, calls]) mkdirSync(each, { recursive: true, mode: 0o700 })
  // Whoever may look into the job's folder, a group's members perhaps, may see what it submitted.
  chmodSync(calls, statSync(folder).mode & 0o2755)
  const { name, text, mode } = sbatchShim()
  writeFileSync(join(bin, name), text, { mode })
  writeTrace(folder, { clusters: null, ownComment: false, submitsNothing: false, submitsItself: true })
  writeFileSync(join(folder, 'mark'), `waybill:${request.token}\n`)
  // Without a PATH a shell has one of its own.
  const path = env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'
  return folder.includes(':') ? env : { ...env, PATH: `${bin}:${path}` }
}

/**
 * The program that is to stand first on PATH as `FOLDER/bin/sbatch`, to note its calls in FOLDER. Without a `mark` there, what
 * it submits carries no token: a call whose answer is lost is not found again.
 */
export function sbatchShim(): InstalledFile {
  return { name: 'sbatch', text: shippedText('sbatch-shim.sh', import.meta.url), mode: 0o700 }
}

import { readFileSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { addTrust, trustedFile, trustIn } from '../assets/definitions/trust.ts'
import { checkArgument, checkOptions, text } from './check-options.ts'
import { definedOnly, variables } from './environment.ts'
import { exitCode } from './exit-code.ts'
import { assetError, findAssets, shownFrom } from './load-assets.ts'
import type { Outcome } from './result.ts'
import { withWords } from './waybill-error.ts'

/** What `trust` may be told. */
export interface TrustOptions {
  /** Where the user's configuration is looked for; default: this process's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Where a relative FILE starts, and definitions are looked for; default: the current directory. */
  readonly cwd?: string | undefined
}

/**
 * Lets a `waybill.config.ts` run as it is now, as `waybill trust`; null: the one that holds in `cwd`. A later change has to
 * be trusted anew. @throws WaybillError where there is none, or it cannot be noted.
 */
export async function trust(file: string | null = null, options: TrustOptions = {}): Promise<Outcome> {
  if (file !== null) checkArgument('trust', 'the file', file, text)
  checkOptions('trust', options, { env: variables, cwd: text })
  const { cwd = '.', env = definedOnly(process.env) } = options
  return withWords(async (): Promise<Outcome> => {
    const real =
      file === null ? (await findAssets('trust', cwd, { env })).file : realpathSync(resolve(cwd, file))
    const path = shownFrom(cwd, real)
    if (!real.endsWith('.ts')) {
      const message = 'it holds no code, and needs no trust'
      return { results: [{ action: 'trust', status: 'notneeded', path, message }], exitCode: exitCode.ok }
    }
    const list = trustedFile(env)
    if (list === null) throw assetError({ kind: 'no-home' })
    const bytes = readFileSync(real)
    const known = trustIn(list, real, bytes) === 'yes'
    if (!known) addTrust(list, real, bytes)
    return { results: [{ action: 'trust', status: known ? 'notneeded' : 'ok', path }], exitCode: exitCode.ok }
  })
}

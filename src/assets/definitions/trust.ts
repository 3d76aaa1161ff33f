import { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { newHash } from '../../contract/new-hash.ts'

/** Files whose code a user lets run: the SHA-256 of each by its absolute path. */
type Trusted = Readonly<Record<string, string>>

/** Where the user's own word on what may run lies: `waybill/trusted.json` in their configuration. Null: they have no home. */
export function trustedFile(env: Readonly<Record<string, string | undefined>>): string | null {
  const config = env['XDG_CONFIG_HOME'] ?? ''
  const home = env['HOME'] ?? ''
  if (isAbsolute(config)) return join(config, 'waybill', 'trusted.json')
  return isAbsolute(home) ? join(home, '.config', 'waybill', 'trusted.json') : null
}

/** Whether the user trusts these bytes at this path; `changed`: they trusted others there. */
export function trustIn(list: string | null, file: string, bytes: Uint8Array): 'yes' | 'changed' | 'no' {
  const trusted = list === null ? {} : readTrusted(list)
  const known = Object.hasOwn(trusted, file) ? trusted[file] : undefined
  if (known === undefined) return 'no'
  return known === hashOf(bytes) ? 'yes' : 'changed'
}

/**
 * Notes that the user trusts these bytes at this path, in a file that is theirs alone.
 * @throws the system's error where it cannot be written.
 */
export function addTrust(list: string, file: string, bytes: Uint8Array): void {
  const files = { ...readTrusted(list), [file]: hashOf(bytes) }
  mkdirSync(join(list, '..'), { recursive: true, mode: 0o700 })
  const temporary = `${list}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify({ files }, null, 1)}\n`, { mode: 0o600 })
  renameSync(temporary, list)
}

/** What others could have written, or what is no list, is nobody's word. */
function readTrusted(list: string): Trusted {
  try {
    const stat = lstatSync(list)
    if (!stat.isFile() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) return {}
    const { files } = JSON.parse(readFileSync(list, 'utf8')) as { readonly files?: unknown }
    if (typeof files !== 'object' || files === null) return {}
    return Object.fromEntries(
      Object.entries(files).flatMap(([path, hash]: readonly [string, unknown]) =>
        typeof hash === 'string' ? [[path, hash]] : [],
      ),
    )
  } catch {
    return {}
  }
}

function hashOf(bytes: Uint8Array): string {
  return newHash('sha256').update(bytes).digest('hex')
}

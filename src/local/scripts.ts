import { newHash } from '../contract/new-hash.ts'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shippedText } from '../process/shipped.ts'

const names = ['cancel.sh', 'payload.sh', 'process.sh', 'pump.sh', 'queue.sh', 'watch.sh'] as const

/**
 * Copies the shell scripts into `home`, named by their content, and returns the copy's folder. What waits and runs
 * uses the copy: it goes on when Waybill is upgraded or removed.
 */
export function installScripts(home: string): string {
  const texts = names.map((name) => shippedText(name, import.meta.url))
  const hash = newHash('sha256')
  for (const text of texts) hash.update(text).update('\0')
  const folder = join(home, `scripts-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const draft = mkdtempSync(join(home, 'scripts.new-'))
  names.forEach((name, i) => writeFileSync(join(draft, name), texts[i] ?? ''))
  try {
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another submission was faster; the name says that its content is the same.
    if (!existsSync(folder)) throw error
  }
  return folder
}

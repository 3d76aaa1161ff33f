import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newHash } from '../contract/new-hash.ts'

/** A file of ours that processes need which outlive us. */
export interface InstalledFile {
  readonly name: string
  readonly text: Buffer
  readonly mode: number
}

/**
 * Copies files into a folder in `home` (made 0700 when needed) that is named by their content, and returns that folder. What
 * waits and runs uses the copy: it goes on when Waybill is upgraded or removed.
 */
export function installFiles(home: string, files: readonly InstalledFile[]): string {
  const hash = newHash('sha256')
  for (const { name, text } of files) hash.update(name).update('\0').update(text).update('\0')
  const folder = join(home, `scripts-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const draft = mkdtempSync(join(home, 'scripts.new-'))
  // After a power failure nothing else may stand under this name: an empty script runs, and all seems well.
  for (const { name, text, mode } of files) writeFileSync(join(draft, name), text, { mode, flush: true })
  try {
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Somebody else was faster; the name says that its content is the same.
    if (!existsSync(folder)) throw error
  }
  return folder
}

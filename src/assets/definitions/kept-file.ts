import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newHash } from '../../contract/new-hash.ts'
import { makeFolder, type LedgerPlace } from '../../ledger/open.ts'

/** Where something that can be found out anew is kept beside git, for one file of definitions. */
export interface KeptPlace {
  /** The folder of state, and its modes. */
  readonly state: LedgerPlace
  /** The absolute path of the file of definitions. */
  readonly file: string
}

/** Reads what was kept under a name; null: nothing, or it cannot be read. */
export function readKept(place: KeptPlace, name: string): string | null {
  try {
    return readFileSync(pathOf(place, name), 'utf8')
  } catch {
    return null
  }
}

/** Keeps a text under a name, whole or not at all; where that cannot be it is found out anew the next time. */
export function keep(place: KeptPlace, name: string, text: string): void {
  const path = pathOf(place, name)
  const temporary = `${path}.${process.pid}`
  try {
    makeFolder(place.state)
    const mode = place.state.shared?.file ?? 0o600
    writeFileSync(temporary, text, { mode })
    // The umask may have taken away what a group needs.
    chmodSync(temporary, mode)
    renameSync(temporary, path)
  } catch {
    removeIfThere(temporary)
  }
}

function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // Where nothing could be written there is nothing to remove.
  }
}

/** Worktrees share the folder, and each has a file of its own. */
function pathOf({ state, file }: KeptPlace, name: string): string {
  return join(state.folder, `${name}-${newHash('sha256').update(file).digest('hex').slice(0, 16)}.cache`)
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { demand } from '../setup/command.ts'
import { removeFolders } from './repository.ts'

/** A repository's state to which it can be brought back, however often. */
export interface Snapshot {
  readonly restore: () => void
  readonly drop: () => void
}

/**
 * Keeps .git and `out` of a repository. All else in the work tree must stay untouched, and so stays known to the index:
 * a copy of the whole would be looked through by the next git status.
 */
export function snapshotOf(repository: string): Snapshot {
  const kept = `${repository}.kept`
  const paths = ['.git', 'out'].filter((path) => existsSync(join(repository, path)))
  demand('mkdir', [kept])
  for (const path of paths) demand('cp', ['-a', join(repository, path), kept])
  return {
    restore: () => {
      removeFolders(join(repository, '.git'), join(repository, 'out'))
      for (const path of paths) demand('cp', ['-a', join(kept, path), repository])
    },
    drop: () => removeFolders(kept),
  }
}

import type { Entry } from '../../dataset/tree.ts'
import type { Found } from '../../dataset/walk.ts'
import type { OddReason } from '../note.ts'
import type { Report } from '../report.ts'

/** Things that cannot stand in git, or that this job may not take. */
export function oddThing(found: Found, before: ReadonlyMap<string, Entry>): readonly Report[] {
  const say = (status: Report['status'], reason: OddReason): readonly Report[] => [
    { action: 'add', status, path: found.path, note: { kind: 'not-recorded', path: found.path, reason } },
  ]
  switch (found.kind) {
    case 'file':
    case 'symlink':
    case 'missing':
    case 'subdataset':
      return []
    case 'empty-directory':
      // A subdataset that is not checked out is nobody's loss.
      return before.get(found.path)?.mode === '160000' ? [] : say('notneeded', found.kind)
    case 'repository':
      return before.get(found.path)?.mode === '160000' ? [] : say('impossible', found.kind)
    case 'socket':
    case 'fifo':
    case 'device':
    case 'unreadable':
    case 'not-utf8':
      return say('impossible', found.kind)
  }
}

import { join } from 'node:path'
import type { JobId } from '../../../src/contract/ids.ts'
import { openLedgerFile } from '../../../src/ledger/open.ts'
import { findConflict, reserve } from '../../../src/ledger/reservations.ts'
import { counted, duration, type Line } from '../line.ts'
import { median } from '../measure.ts'
import type { Row } from '../row.ts'

const worktree = '/a/worktree'
const checks = 1_000

// Folders of a thousand, as deep as it is told: a/b/17/17042
function path(depth: number, index: number): string {
  const above = Array.from({ length: depth - 2 }, (_, level) => `level-${level}`)
  return [...above, String(Math.floor(index / 1000)), String(index)].join('/')
}

/** The check of an output against many reservations, in this process on a ledger of its own. */
export const conflicts: Row = {
  name: 'conflicts',
  about: 'the check of one output against many reservations',
  run: async ({ folder, fresh, sizes }) => {
    const { reservations } = sizes
    const lines: Line[] = []
    for (const depth of [3, 8]) {
      const { db } = openLedgerFile({ folder: join(folder, fresh('ledger')), shared: null })
      // The reservations are real, the job that has them is not.
      db.exec('PRAGMA foreign_keys = OFF; BEGIN')
      reserve(
        db,
        worktree,
        1 as JobId,
        Array.from({ length: reservations }, (_, index) => path(depth, index)),
      )
      db.exec('COMMIT')
      const seconds: number[] = []
      for (let check = 0; check < checks; check++) {
        const wanted = path(depth, reservations + check * 37)
        const begun = performance.now()
        const found = findConflict(db, worktree, [wanted])
        seconds.push((performance.now() - begun) / 1000)
        if (found !== null) throw new Error(`${wanted} is free`)
      }
      if (findConflict(db, worktree, [path(depth, 7)]) === null) throw new Error('a conflict was not found')
      db.close()
      const waybill = median(seconds)
      lines.push({
        work: `conflict check against ${counted(reservations)} reservations, ${depth} deep, inside the process`,
        bar: `≤ ${duration(0.0002)}`,
        met: waybill <= 0.0002,
        waybill,
      })
    }
    return { lines }
  },
}

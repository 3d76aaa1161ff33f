import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const module = JSON.stringify(join(import.meta.dirname, 'open.ts'))

/** Opens the ledger below a folder in a process of its own; its exit code. */
async function openIn(folder: string): Promise<number | null> {
  const program = `const { openLedgerFile } = await import(${module})
    openLedgerFile({ folder: process.argv[1], shared: null })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, folder], {
    stdio: 'ignore',
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

test('several processes that make one ledger at once all open it', async () => {
  for (let round = 0; round < 8; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'waybill-open-'))
    try {
      const all = Array.from({ length: 4 }, async () => openIn(join(folder, 'waybill')))
      expect(await Promise.all(all)).toEqual([0, 0, 0, 0])
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
})

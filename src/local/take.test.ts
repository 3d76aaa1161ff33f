import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'waybill-take-'))
  for (const folder of ['slots', 'queue/E/t']) mkdirSync(join(home, folder), { recursive: true })
})

afterEach(() => {
  rmSync(home, { recursive: true })
})

/** A watcher that is to run the one task of the submission E; gives its exit code. */
function watch(before = ''): number | null {
  const line = `${before}exec sh '${join(import.meta.dirname, 'watch.sh')}' '${home}' 1 E job`
  return spawnSync('sh', ['-c', line], { timeout: 20_000 }).status
}

test('a start marker that another has just made, and not written yet, is left alone', () => {
  const marker = join(home, 'queue/E/t/job.start')
  writeFileSync(marker, '')
  expect(watch()).toBe(1)
  expect([existsSync(marker), existsSync(join(home, 'slots/1'))]).toEqual([true, false])
})

test('one that could not be written is taken away by whoever made it', () => {
  // No file may have any bytes, as on a full disk; its slot is none.
  symlinkSync('/dev/null', join(home, 'slots/1'))
  expect(watch('ulimit -f 0; trap "" XFSZ; ')).toBe(1)
  expect(existsSync(join(home, 'queue/E/t/job.start'))).toBe(false)
})

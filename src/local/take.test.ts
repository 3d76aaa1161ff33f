import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
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

test('what is taken without the lock runs, though the link to it goes with its start marker', () => {
  const scripts = join(home, 'scripts')
  cpSync(import.meta.dirname, scripts, { recursive: true, filter: (path) => !path.endsWith('.ts') })
  // What another does who holds the lock then.
  const hook = 'printf() { [ -n "${locked-yes}" ] || rm -f queue/C; command printf "$@"; }\n'
  appendFileSync(join(scripts, 'process.sh'), hook)
  for (const name of ['A', 'B', 'C']) {
    const job = join(home, 'jobs', name)
    mkdirSync(join(job, 't'), { recursive: true })
    const files = { 'job.json': '{}', submitted: '', 'command.sh': `: >'${home}/ran-${name}'\n` }
    for (const [file, text] of Object.entries(files)) writeFileSync(join(job, file), text)
    symlinkSync(job, join(home, 'queue', name))
  }
  rmSync(join(home, 'queue/E'), { recursive: true })
  const words = [join(scripts, 'watch.sh'), home, '1', 'A', 'job']
  expect(spawnSync('sh', words, { timeout: 20_000 }).status).toBe(0)
  expect(['A', 'B', 'C'].filter((name) => existsSync(join(home, `ran-${name}`)))).toEqual(['A', 'B', 'C'])
  expect(existsSync(join(home, 'jobs/C/t/job.end'))).toBe(true)
})

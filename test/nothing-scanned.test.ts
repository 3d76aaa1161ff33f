import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { addFiles, finish, sandboxWithDataset, schedule, scheduleToEnd } from './support/scenario.ts'

test('schedule reads no index, and asks git for no status', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'in.txt': '1\n' })
  box.write('trace', '')
  // Who looks into it fails.
  chmodSync(box.path('ds/.git/index'), 0o000)
  const env = { GIT_TRACE: box.path('trace') }
  const told = await schedule(box, ['-i', 'in.txt', '-o', 'o', 'sbatch', 'job.sh', 'cp in.txt o'], { env })
  chmodSync(box.path('ds/.git/index'), 0o644)
  expect(told.code, told.words).toBe(0)
  const asked = box.read('trace')
  expect(asked).toContain('hash-object')
  expect(asked).not.toMatch(/git (.* )?(status|ls-files|diff|add|update-index|read-tree)\b/)
})

test('git keeps house after a finish, where its configuration lets it', async () => {
  await using box = await sandboxWithDataset()
  const asked = async (output: string): Promise<string> => {
    await scheduleToEnd(box, ['-o', output, 'sbatch', 'job.sh', `echo 1 >${output}`])
    box.write('trace', '')
    await finish(box, [], { env: { GIT_TRACE: box.path('trace') } })
    return box.read('trace')
  }
  // Behind all that the records need.
  expect(await asked('one')).toMatch(/ update-ref [\s\S]*maintenance run --auto/)
  await box.git('ds', 'config', 'maintenance.auto', 'false')
  expect(await asked('two')).not.toContain('maintenance run')
})

test('what is compiled is kept where the user alone may write, and nowhere else', async () => {
  await using box = await sandboxWithDataset()
  const kept = async (cache: string): Promise<readonly string[]> => {
    const told = await box.waybill(['--version'], { env: { XDG_CACHE_HOME: box.path(cache) } })
    expect(told.code).toBe(0)
    return readdirSync(box.path(`${cache}/waybill/compiled`))
  }
  expect(await kept('own')).not.toEqual([])
  expect(statSync(box.path('own/waybill/compiled')).mode & 0o777).toBe(0o700)
  mkdirSync(box.path('open/waybill/compiled'), { recursive: true })
  chmodSync(box.path('open/waybill/compiled'), 0o777)
  expect(await kept('open')).toEqual([])
})

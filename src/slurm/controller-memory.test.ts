import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { controllerMemory } from './controller-memory.ts'
import { putProgram } from './test-program.ts'

// A program that stands for scontrol: jobs up to 50 are over, the others run.
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'memory '))
  mkdirSync(join(dir, 'bin'))
  const show = `show() {
  state=RUNNING
  [ "$1" -gt 50 ] || state=COMPLETED
  printf 'JobId=%s JobName=x\\n   JobState=%s\\n\\n' "$1" "$state"
}`
  const body = `${show}
if [ "$2" = show ]; then show "$4"; exit; fi
while read -r _ _ id; do echo "$id" >>"$ASKED"; show "$id"; done`
  putProgram(dir, 'scontrol', body)
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

test('what is over is not asked again within ten seconds, what runs is', async () => {
  let now = 1000
  const asked = join(dir, 'asked')
  const ask = controllerMemory(() => now)
  const settings = { env: { PATH: `${join(dir, 'bin')}:${process.env['PATH']}`, ASKED: asked }, deadline: 30 }
  const told = async (
    ids: readonly string[],
  ): Promise<{ readonly jobs: number; readonly asked: readonly string[] }> => {
    rmSync(asked, { force: true })
    const answer = await ask(settings, ids, null)
    let lines: readonly string[] = []
    try {
      lines = readFileSync(asked, 'utf8').trim().split('\n')
    } catch {
      // Nobody was asked.
    }
    return { jobs: answer.ok ? answer.value.length : -1, asked: lines.filter((line) => /^\d+$/.test(line)) }
  }
  const ids = (from: number, to: number): readonly string[] =>
    Array.from({ length: to - from }, (_, i) => `${from + i}`)
  const sorted = (list: readonly string[]): readonly string[] =>
    list.toSorted((a, b) => Number(a) - Number(b))
  // By several processes, each job once.
  const first = await told(ids(40, 80))
  expect({ ...first, asked: sorted(first.asked) }).toEqual({ jobs: 40, asked: ids(40, 80) })
  expect(await told(ids(30, 40))).toMatchObject({ jobs: 10 })
  const second = await told(ids(30, 60))
  expect({ ...second, asked: sorted(second.asked) }).toEqual({ jobs: 30, asked: ids(51, 60) })
  expect(await told(ids(30, 51))).toEqual({ jobs: 21, asked: [] })
  now += 11
  expect(sorted((await told(ids(30, 51))).asked)).toEqual(ids(30, 51))
})

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { CommitId } from '../contract/ids.ts'
import { writeCommits, type CommitChange } from './commits.ts'
import { locate } from './locate.ts'
import type { MovePlan } from './move-branch.ts'
import { recoverMove } from './recover-move.ts'
import { makeScratch, scratchEnv, value } from './scratch-repository.ts'
import { stage } from './stage.ts'

/** Every call by which something outside the process can change, each kind counted by itself. */
const calls = [
  'link',
  'unlink',
  'rename',
  'openat',
  'write',
  'execve',
  'close',
  'ftruncate,copy_file_range,ioctl',
] as const

/** All of them take minutes: a spread of them in a usual run, all with WAYBILL_KILL_ALL=1. */
const stride = process.env['WAYBILL_KILL_ALL'] === '1' ? 1 : 9

const patience = { sleep: async () => {}, now: () => 0, seconds: 0 }
const template = makeScratch()
afterAll(() => template.remove())

async function prepare(): Promise<MovePlan> {
  for (const name of ['keep', 'staged', 'o/old', 'o/gone']) template.write(name)
  template.git('add', '.')
  template.git('commit', '-qm', 'one')
  template.write('staged', 'staged by the user')
  template.git('add', 'staged')
  template.write('o/old', 'new')
  template.write('o/fresh', 'new')
  rmSync(join(template.root, 'o/gone'))
  const dataset = await template.dataset()
  const from = template.git('rev-parse', 'HEAD').trim() as CommitId
  const { staged } = value(
    await stage(dataset, { paths: ['o/old', 'o/fresh'], operation: 'op', head: from, force: false }),
  )
  const changes: CommitChange[] = [...staged, { path: 'o/gone', deleted: true }]
  const when = { seconds: 1_700_000_000, zone: '+0000' }
  const request = {
    parent: from,
    operation: 'op',
    commits: [{ message: 'record', changes }],
    when,
  }
  const [to] = value(await writeCommits(dataset, request))
  return { operation: 'op', ref: 'refs/heads/main', from, to: to ?? from, reflog: 'waybill: record' }
}

function git(root: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, env: scratchEnv, encoding: 'utf8' })
}

async function checkRecovered(root: string, plan: MovePlan, about: string): Promise<void> {
  const dataset = value(await locate(root, scratchEnv))
  const outcome = value(await recoverMove(dataset, plan, patience))
  expect(value(await recoverMove(dataset, plan, patience)), about).toBe(outcome)
  const tip = git(root, 'rev-parse', 'refs/heads/main').trim()
  const status = git(root, 'status', '--porcelain', '--untracked-files=all')
  if (outcome === 'done') {
    expect([tip, status], about).toEqual([plan.to, 'M  staged\n'])
  } else {
    expect([tip, status], about).toEqual([plan.from, ' D o/gone\n M o/old\nM  staged\n?? o/fresh\n'])
  }
  const left = readdirSync(join(root, '.git')).filter((name) => /lock|^index\./.test(name))
  expect(left, about).toEqual([])
  expect(existsSync(join(root, '.git/refs/heads/main.lock')), about).toBe(false)
  expect(git(root, 'for-each-ref', 'refs/waybill'), about).toBe('')
  git(root, 'fsck', '--strict', '--no-dangling')
  // The user's next commit is harmless, and nothing of ours stands in its way.
  git(root, 'commit', '-qm', 'theirs')
  expect(git(root, 'show', '--format=', '--name-status').trim(), about).toBe('M\tstaged')
}

test('killed at any call, the move is finished or rolled back', { timeout: 1_800_000 }, async () => {
  const plan = await prepare()
  const planFile = join(template.root, '../plan.json')
  writeFileSync(planFile, JSON.stringify(plan))
  const root = join(template.root, '../victim')
  const trace = join(template.root, '../trace')
  let killed = 0
  for (const call of calls) {
    for (let n = 1; ; n += stride) {
      rmSync(root, { recursive: true, force: true })
      cpSync(template.root, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
      git(root, 'update-index', '-q', '--refresh', '--really-refresh', '--ignore-missing')
      const inject = `inject=${call}:signal=SIGKILL:when=${n}`
      const victim = join(import.meta.dirname, 'move-victim.ts')
      const words = [
        '-f',
        '-o',
        trace,
        '-e',
        `trace=${call}`,
        '-e',
        inject,
        process.execPath,
        victim,
        root,
        planFile,
      ]
      spawnSync('strace', words, { env: scratchEnv })
      await checkRecovered(root, plan, `${call} ${n}`)
      if (!readFileSync(trace, 'utf8').includes('+++ killed by SIGKILL')) break
      killed++
    }
  }
  expect(killed).toBeGreaterThan(10)
})

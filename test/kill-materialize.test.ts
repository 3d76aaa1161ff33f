import { expect, test } from 'vitest'
import { openInLedger } from './support/after-kill.ts'
import { assetsHead, assetsMade, idle, killMaterialize, project } from './support/assets.ts'
import { killEverywhere } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import { status, tell, type Told } from './support/scenario.ts'
import { askLedger, keepTemplate, restore, sweepLimit, whole } from './support/template.ts'

const graph = `${assetsHead}
  raw: { outputs: [raw.txt], run: bash make.sh raw }
  model:
    needs: [raw]
    outputs: ["{metal}.txt"]
    partitions: { metal: [gold, tin] }
    run: bash make.sh {metal}
`

const script = { 'make.sh': 'echo $1 >>../ran; echo $1 >$1.txt\n' }

const pieces = ['gold', 'raw', 'tin']

/** Gives the same command again, as a user would, until it has nothing left to say no to. */
async function again(box: Sandbox, words: readonly string[]): Promise<Told> {
  // Where nobody can tell yet what became of a submission, the first of them says so.
  for (let tries = 1; ; tries++) {
    const told = await tell(box, words, { env: { WAYBILL_FACTS_WAIT: undefined } })
    expect(told.stderr).not.toMatch(/\n {4}at /)
    if (told.code === 0 || tries === 4) return told
  }
}

/** What must hold after a `materialize` that died anywhere, once the same command was given again. */
async function madeOnce(box: Sandbox, words: readonly string[]): Promise<void> {
  const told = await again(box, words)
  expect(told.code, told.stdout + told.stderr).toBe(0)
  expect(box.read('ran').trim().split('\n').toSorted(), 'each key was made once').toEqual(pieces)
  expect((await assetsMade(box)).toSorted()).toEqual(['model gold', 'model tin', 'raw'])
  expect(await openInLedger(box)).toEqual([])
  const states = await askLedger(box, "SELECT state FROM jobs WHERE state <> 'refused'")
  // At a Slurm site keys that are ready together are one array.
  expect(states, 'nothing was submitted twice').toHaveLength(words.includes('cluster') ? 2 : 3)
  await whole(box)
  expect(await status(box)).toBe('')
  expect((await tell(box, words)).results, 'and nothing is left to do').toEqual([])
}

test.each([
  { site: 'here', signal: 'SIGKILL', points: 5 },
  // At the first call nothing is there yet, and at the last one all is done.
  { site: 'here', signal: 'SIGINT', points: 4 },
  { site: 'cluster', signal: 'SIGKILL', points: 4 },
] as const)(
  'materialize ended by $signal at any call goes on with the same command ($site)',
  { timeout: sweepLimit },
  async ({ site, signal, points }) => {
    await using box = await project(graph, script)
    await keepTemplate(box)
    const words = ['materialize', '--site', site]
    const report = await killEverywhere(box, {
      signal,
      points,
      prepare: async () => {
        await restore(box)
        await box.run(['rm', '-f', 'ran'])
      },
      command: () => ({ words: ['waybill', ...words], options: { cwd: 'ds' } }),
      check: async (_, __, { code, stderr }) => {
        if (signal === 'SIGINT') expect([0, 130], stderr).toContain(code)
        await madeOnce(box, words)
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

test(
  'attach killed at any call: the run goes on with the next command all the same',
  { timeout: sweepLimit },
  async () => {
    await using box = await project(graph, script)
    await keepTemplate(box)
    const report = await killEverywhere(box, {
      points: 4,
      prepare: async () => {
        await restore(box)
        await box.run(['rm', '-f', 'ran'])
        await killMaterialize(box, [], async () =>
          expect.poll(() => box.exists('ran'), { timeout: 40_000 }).toBe(true),
        )
      },
      command: () => ({ words: ['waybill', 'attach', 'r1'], options: { cwd: 'ds' } }),
      check: async () => madeOnce(box, ['materialize']),
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

const detach = ['materialize', '--site', 'cluster', '--detach']

/** What a user may give next, where it is known which run was broken off. */
const nexts: readonly ((run: string | null) => readonly string[])[] = [
  () => detach,
  (run) => (run === null ? detach : ['attach', run]),
  () => ['finish'],
  () => ['materialize', '--site', 'cluster'],
]

/** The jobs of the sandbox that Slurm holds. */
async function held(box: Sandbox): Promise<readonly string[]> {
  const ids = await askLedger(box, 'SELECT scheduler_id AS id FROM jobs WHERE scheduler_id IS NOT NULL')
  if (ids.length === 0) return []
  const list = ids.map(({ id }) => String(id)).join(',')
  const { stdout } = await box.run(['squeue', '-h', '-j', list, '-o', '%i %r'], { allowFailure: true })
  return stdout.split('\n').filter((line) => line.includes('JobHeldUser'))
}

test.each([
  { signal: 'SIGKILL', points: 5 },
  { signal: 'SIGINT', points: 3 },
] as const)(
  'a graph that is being handed to Slurm, ended by $signal at any call, is completed by what comes next',
  { timeout: sweepLimit },
  async ({ signal, points }) => {
    await using box = await project(graph, script)
    await keepTemplate(box)
    let tried = 0
    const report = await killEverywhere(box, {
      signal,
      points,
      prepare: async () => {
        // What it has submitted runs on.
        if (box.exists('ds/.git/waybill/ledger.db')) await idle(box)
        await restore(box)
        await box.run(['rm', '-f', 'ran'])
      },
      command: () => ({ words: ['waybill', ...detach], options: { cwd: 'ds' } }),
      check: async () => {
        const runs = (await tell(box, ['runs'])).results as unknown as readonly {
          readonly run: string
          readonly state: string
        }[]
        const words = nexts[tried++ % nexts.length]?.(runs[0]?.run ?? null) ?? detach
        await again(box, words)
        // What cannot complete it says who can.
        const left = await held(box)
        if (left.length > 0) {
          const told = await tell(box, ['materialize', '--site', 'cluster'])
          expect(told.words, left.join()).toContain('its jobs are held; `waybill attach r1` completes it')
        }
        await again(box, detach)
        expect(await held(box)).toEqual([])
        await idle(box)
        const finished = await tell(box, ['finish'])
        expect(finished.code, finished.stdout + finished.stderr).toBe(0)
        await madeOnce(box, detach)
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

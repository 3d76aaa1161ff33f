import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  assetsHead,
  assetsMade,
  idle,
  killMaterialize,
  manyRunsSince,
  newestId,
  project,
} from './support/assets.ts'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, sandboxWithDataset, tell, type Told } from './support/scenario.ts'
import { askLedger } from './support/template.ts'

const graph = `${assetsHead}
  prices: { site: cluster, outputs: [prices.txt], run: echo 3 >prices.txt }
  model:
    site: cluster
    needs: [prices]
    outputs: ["model-{metal}.txt"]
    partitions: { metal: [gold, silver] }
    run: echo {metal} $(cat prices.txt) >model-{metal}.txt
  score:
    site: cluster
    needs: [model]
    outputs: ["score-{metal}.txt"]
    partitions: { metal: [gold, silver] }
    run: cat model-{metal}.txt >score-{metal}.txt
  report:
    site: cluster
    needs: [score, prices]
    outputs: [report.txt]
    run: cat score-gold.txt score-silver.txt prices.txt >report.txt
`

async function stateOfRun(box: Sandbox): Promise<unknown> {
  const [newest] = (await tell(box, ['runs'])).results as unknown as readonly { readonly state: string }[]
  return newest?.state
}

async function detach(box: Sandbox, ...words: readonly string[]): Promise<Told> {
  return tell(box, ['materialize', '--detach', ...words])
}

const long = { timeout: 240_000 }

test('a whole graph is handed to Slurm, and finish records it in order', long, async () => {
  await using box = await project(graph)
  const told = await detach(box)
  expect(told.code, told.words).toBe(0)
  expect(told.words).toContain("run r1: 4 jobs are in Slurm's hands")
  await idle(box)
  const finished = await tell(box, ['finish'])
  expect(finished.code, finished.words).toBe(0)
  expect(box.read('ds/report.txt')).toBe('gold 3\nsilver 3\n3\n')
  expect(await assetsMade(box)).toEqual([
    'prices',
    'model gold',
    'model silver',
    'score gold',
    'score silver',
    'report',
  ])
  expect(await stateOfRun(box)).toBe('done')
  const record = await box.git('ds', 'log', '-1', '--format=%B', '--grep=asset model')
  // The record's command is the plain one, and it says who made what it was made of.
  expect(record).not.toContain('--dependency')
  expect(record).toMatch(/"prices": "later:[a-z0-9]{20}:/)
  expect((await tell(box, ['materialize'])).results).toEqual([])

  // What is made again by somebody else, and is another thing, makes what is made of it stale.
  await box.run(['sh', '-c', 'sed -i "s/echo 3 >/echo 4 >/" waybill.yaml && git commit -qam Change'], {
    cwd: 'ds',
  })
  await tell(box, ['materialize', 'prices'])
  const { stdout } = await box.waybill(['plan', 'model'], { cwd: 'ds' })
  expect(stdout).toContain('prices')
})

test('what failed is told, and what was therefore never run', long, async () => {
  await using box = await project(`${assetsHead}
  bad: { site: cluster, outputs: [bad.txt], run: "[ -e ../mended ] && echo 1 >bad.txt" }
  next: { site: cluster, needs: [bad], outputs: [next.txt], run: cp bad.txt next.txt }
  last: { site: cluster, needs: [next], outputs: [last.txt], run: cp next.txt last.txt }
  apart:
    site: cluster
    outputs: [apart.txt]
    run: echo 1 >apart.txt
    checks: { mended: { run: "[ -e ../mended ]", blocking: true } }
  beside: { site: cluster, needs: [apart], outputs: [beside.txt], run: cp apart.txt beside.txt }
`)
  expect((await detach(box)).code).toBe(0)
  await idle(box)
  const finished = await tell(box, ['finish'])
  expect(finished.code).toBe(1)
  expect(finished.words).toContain('FAILED')
  expect(finished.words).toMatch(/next was never run .*: bad failed/)
  expect(finished.words).toMatch(/last was never run .*: next failed/)
  // Its payload ended well, and its blocking check did not pass.
  expect(finished.words).toMatch(/beside was never run .*: apart failed/)
  expect(await assetsMade(box)).toEqual(['apart'])
  box.write('mended', '')
  // Each is closed, and then made.
  await tell(box, ['finish', '--close-failed-jobs'])
  expect(await stateOfRun(box)).toBe('failed')
  const made = await tell(box, ['materialize', '+last'])
  expect(made.code, made.words).toBe(0)
  expect(await assetsMade(box)).toEqual(['apart', 'bad', 'next', 'last'])
})

test.each([
  { why: 'it runs at a local site', asset: 'next', more: 'site: here, needs: [first]' },
  {
    why: 'it may be tried again',
    asset: 'next',
    more: 'site: cluster, needs: [first], retry: { attempts: 2 }',
  },
  {
    why: 'a check of it is blocking',
    asset: 'next',
    more: 'site: cluster, needs: [first], checks: { idle: { metric: "cpu_efficiency < 0.2", blocking: true } }',
  },
  { why: 'it is made of an external source', asset: 'next', more: 'site: cluster, needs: [first, survey]' },
])(
  'what Slurm cannot be told is refused before anything is submitted: $why',
  async ({ why, asset, more }) => {
    await using box = await project(`${assetsHead}
  first: { site: cluster, outputs: [first.txt], run: echo 1 >first.txt }
  ${asset}: { ${more}, outputs: [next.txt], run: cp first.txt next.txt }
external: { survey: { observe: echo 1 } }
`)
    const told = await detach(box)
    expect(told.code).toBe(1)
    expect(told.words).toContain(`${asset} cannot be handed to Slurm: ${why}`)
    expect(await askLedger(box, 'SELECT 1 FROM jobs')).toEqual([])
  },
)

test('what an open job makes already is refused by the name of that job', long, async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  slow: { site: cluster, outputs: [slow.txt], run: bash slow.sh }
  next: { site: cluster, needs: [slow], outputs: [next.txt], run: cp slow.txt next.txt }
`,
    'slow.sh': `${gate.line}\necho 1 >slow.txt\n`,
  })
  await killMaterialize(box, ['slow'], async () => gate.reached())
  const told = await detach(box)
  expect(told.code).toBe(1)
  const id = await newestId(box)
  expect(told.words).toContain(`slow cannot be handed to Slurm: job ${id} makes it already`)
  expect(await askLedger(box, 'SELECT 1 FROM jobs')).toHaveLength(1)
  await gate.open()
  await idle(box)
  // Recorded, it is no obstacle any more.
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect((await detach(box)).code).toBe(0)
  await idle(box)
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect(await assetsMade(box)).toEqual(['slow', 'next'])
})

test('keys that Slurm cannot pair are refused by name', async () => {
  await using box = await project(`${assetsHead}
  a: { site: cluster, outputs: ["a-{n}.txt"], partitions: { n: [x, y, z] }, run: "echo 1 >a-{n}.txt" }
  b:
    site: cluster
    needs: [a]
    outputs: ["b-{n}.txt"]
    partitions: { n: [y, z] }
    run: cp a-{n}.txt b-{n}.txt
`)
  const told = await detach(box)
  expect(told.code).toBe(1)
  expect(told.words).toContain('b cannot be handed to Slurm: its keys need other keys upstream')
  expect(await askLedger(box, 'SELECT 1 FROM jobs')).toEqual([])
})

function keys(count: number): string {
  return Array.from({ length: count }, (_, i) => `"${i}"`).join(', ')
}

/** Two assets with the same keys, and one made of all of them, at a site with limits. */
function limited(account: string, count: number): string {
  return `
sites: { cluster: { scheduler: slurm, defaults: { account: ${account} } } }
assets:
  a: { outputs: ["a/{n}"], partitions: { n: [${keys(count)}] }, run: "mkdir -p a; echo 1 >a/{n}" }
  b: { needs: [a], outputs: ["b/{n}"], partitions: { n: [${keys(count)}] }, run: "mkdir -p b; cp a/{n} b/{n}" }
  sum: { needs: [b], outputs: [sum.txt], run: "cat b/* | wc -l >sum.txt" }
`
}

test(
  'more jobs than the limits have room for are refused, with what is in the queue already',
  long,
  async () => {
    await using cluster = await takeCluster('limits')
    await using box = await project(limited('capped', 4), {}, cluster.env)
    // Of 10: 4, 4 and 1 of the graph.
    const queued = await box.run(
      ['sh', '-c', 'for i in 1 2; do sbatch --parsable -H -A capped -o /dev/null --wrap true; done'],
      {},
    )
    const told = await detach(box)
    expect(told.code).toBe(1)
    expect(told.words).toContain(
      'sum cannot be handed to Slurm with all the others: MaxSubmitJobs 10 of account capped',
    )
    expect(await askLedger(box, 'SELECT 1 FROM jobs')).toEqual([])
    await box.run(['scancel', queued.stdout.split('\n')[0] ?? ''])
    const now = await detach(box)
    expect(now.code, now.words).toBe(0)
    await idle(box)
    expect((await tell(box, ['finish'])).code).toBe(0)
    expect(await assetsMade(box)).toHaveLength(9)
    await box.run(['scancel', '--me'])
  },
)

test('arrays that the site has to split are paired part by part', long, async () => {
  await using cluster = await takeCluster('limits')
  await using box = await project(limited('open', 23), {}, cluster.env)
  const told = await detach(box)
  expect(told.code, told.words).toBe(0)
  // Its arrays have 21 tasks at most.
  expect(told.words).toContain("run r1: 5 jobs are in Slurm's hands")
  const rows = await askLedger(box, 'SELECT scheduler_id AS id FROM jobs ORDER BY id')
  const ids = rows.map(({ id }) => String(id))
  // What was said to sbatch accounting alone remembers.
  const waits = async (): Promise<readonly unknown[]> => {
    const query = ['sacct', '-n', '-P', '-X', '-j', ids.join(','), '-o', 'JobID,SubmitLine']
    const lines = (await box.run(query)).stdout.split('\n')
    return ids.map((id) => {
      const line = lines.find((one) => one.startsWith(id)) ?? ''
      return /--(?:hold|dependency=(\S+))/.exec(line)?.[1] ?? null
    })
  }
  await idle(box)
  await expect
    .poll(waits, { timeout: 40_000 })
    .toEqual([
      null,
      null,
      `aftercorr:${ids[0]}`,
      `aftercorr:${ids[1]}`,
      `afterok:${ids[2]},afterok:${ids[3]}`,
    ])
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect(box.read('ds/sum.txt').trim()).toBe('23')
  expect(await assetsMade(box)).toHaveLength(47)
})

test('a key waits for its own key alone, and not for the whole array', long, async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  a: { site: cluster, outputs: ["a-{n}"], partitions: { n: [x, y] }, run: { bash: a.sh, args: ["{n}"] } }
  b: { site: cluster, needs: [a], outputs: ["b-{n}"], partitions: { n: [x, y] }, run: "cp a-{n} b-{n}; echo {n} >>../made" }
`,
    'a.sh': `[ $1 = x ] || { ${gate.line}\n}\necho $1 >a-$1\n`,
  })
  expect((await detach(box)).code).toBe(0)
  await gate.reached()
  await expect.poll(() => box.exists('made') && box.read('made'), { timeout: 40_000 }).toBe('x\n')
  await gate.open()
  await idle(box)
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect(await assetsMade(box)).toEqual(['a x', 'a y', 'b x', 'b y'])
})

test('killed before the graph stands, nothing runs until it is completed or taken back', long, async () => {
  await using box = await project(graph)
  // The first job that waits for another is the end of who submits it.
  box.write(
    'bin/sbatch',
    `#!/bin/sh
case "$*" in *--dependency=*)
  if [ ! -e '${box.path('killed')}' ]; then
    : >'${box.path('killed')}'
    kill -KILL "$(cat '${box.path('pid')}')"
    exit 1
  fi ;;
esac
exec "$(PATH=\${PATH#*:} command -v sbatch)" "$@"
`,
  )
  chmodSync(box.path('bin/sbatch'), 0o755)
  const shell = 'PATH=$PWD/../bin:$PATH; echo $$ >../pid; exec waybill materialize --detach'
  const { code } = await box.run(['sh', '-c', shell], { cwd: 'ds', allowFailure: true })
  expect(code).not.toBe(0)
  expect(await stateOfRun(box)).toBe('interrupted')
  await manyRunsSince(box, 120)
  const [first] = await askLedger(box, 'SELECT scheduler_id AS id FROM jobs ORDER BY jobs.id LIMIT 1')
  const { stdout } = await box.run(['squeue', '-h', '-j', String(first?.['id']), '-o', '%T %r'])
  expect(stdout).toBe('PENDING JobHeldUser\n')
  const held = 'its jobs are held; `waybill attach r1` completes it'
  expect((await tell(box, ['finish'])).words).toContain(held)
  const other = await tell(box, ['materialize', 'prices'])
  expect(other.code).toBe(1)
  expect(other.words).toContain(held)
  const attached = await tell(box, ['attach', 'r1'])
  expect(attached.code, attached.words).toBe(0)
  await idle(box)
  expect((await tell(box, ['finish'])).code).toBe(0)
  expect(await assetsMade(box)).toEqual([
    'prices',
    'model gold',
    'model silver',
    'score gold',
    'score silver',
    'report',
  ])
  expect((await tell(box, ['materialize'])).results).toEqual([])
})

test(
  'who asks for the same meanwhile leaves with it, when the graph is in the hands of Slurm',
  long,
  async () => {
    await using box = await project(
      graph.replace('run: echo 3', 'run: until test -e ../go; do sleep 0.1; done; echo 3'),
    )
    const [second, code] = [box.path('second'), box.path('code')]
    box.write(
      'bin/sbatch',
      `#!/bin/sh
if [ ! -e '${second}' ]; then
  (waybill materialize --detach >'${second}' 2>&1; echo $? >'${code}') &
  until grep -q 'this one watches' '${second}'; do sleep 0.1; done
fi
exec "$(PATH=\${PATH#*:} command -v sbatch)" "$@"
`,
    )
    chmodSync(box.path('bin/sbatch'), 0o755)
    const shell = 'PATH=$PWD/../bin:$PATH; exec waybill materialize --detach'
    await box.run(['sh', '-c', shell], { cwd: 'ds' })
    await expect.poll(() => box.exists('code') && box.read('code'), { timeout: 60_000 }).toBe('0\n')
    expect(box.read('second')).toContain("run r1: 4 jobs are in Slurm's hands")
    expect(await stateOfRun(box)).toBe('detached')
    box.write('go', '')
    await idle(box)
    expect((await tell(box, ['finish'])).code).toBe(0)
    expect(await stateOfRun(box)).toBe('done')
  },
)

test('cancelled while it is handed over, nothing of it runs', long, async () => {
  await using box = await project(graph)
  // Before the first job is there, so that cancel itself sees none.
  box.write(
    'bin/sbatch',
    `#!/bin/sh
if [ ! -e '${box.path('asked')}' ]; then
  : >'${box.path('asked')}'
  waybill cancel r1 >'${box.path('said')}' 2>&1
fi
exec "$(PATH=\${PATH#*:} command -v sbatch)" "$@"
`,
  )
  chmodSync(box.path('bin/sbatch'), 0o755)
  const shell = 'PATH=$PWD/../bin:$PATH; exec waybill materialize --detach'
  const { code, stdout } = await box.run(['sh', '-c', shell], { cwd: 'ds', allowFailure: true })
  expect(box.read('said')).toContain('nothing more is submitted')
  expect([code, stdout]).toEqual([1, expect.stringContaining('run r1 was cancelled')])
  expect(await stateOfRun(box)).toBe('cancelled')
  expect(await openJobs(box)).toHaveLength(1)
  await idle(box)
  await tell(box, ['finish', '--close-failed-jobs'])
  expect(await openJobs(box)).toEqual([])
  expect(await assetsMade(box)).toEqual([])
})

test('a graph whose first jobs could not be let go is taken back by cancel', long, async () => {
  await using box = await project(graph)
  box.write(
    'bin/scontrol',
    '#!/bin/sh\ncase " $* " in *" release "*) echo no luck >&2; exit 1 ;; esac\nexec "$(PATH=${PATH#*:} command -v scontrol)" "$@"\n',
  )
  chmodSync(box.path('bin/scontrol'), 0o755)
  const shell = 'PATH=$PWD/../bin:$PATH; exec waybill materialize --detach'
  const { code, stdout } = await box.run(['sh', '-c', shell], { cwd: 'ds', allowFailure: true })
  expect(code).toBe(1)
  expect(stdout).toContain('its first jobs are still held')
  expect(await openJobs(box)).toHaveLength(4)
  expect((await tell(box, ['cancel', 'r1'])).code).toBe(0)
  await idle(box)
  await tell(box, ['finish', '--close-failed-jobs'])
  expect(await openJobs(box)).toEqual([])
  expect(await assetsMade(box)).toEqual([])
})

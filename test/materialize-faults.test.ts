import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import {
  assetsHead,
  assetsMade,
  killMaterialize,
  ledgerState,
  newestId,
  project,
  sites,
} from './support/assets.ts'
import { openInLedger } from './support/after-kill.ts'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
import { noteCalls } from './support/note-calls.ts'
import { addFiles, openJobs, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'
import { askLedger } from './support/template.ts'
import { canSwitch } from './support/users.ts'

// A cluster that is one scenario's alone may have to be waited for.
vi.setConfig({ testTimeout: 180_000 })

// What other tools for Slurm got wrong, each by its name, and what happens to jobs that nobody wishes for.

test('the queue counted as running time: a job may wait longer than its time limit', async () => {
  await using box = await project(`${assetsHead}
  late: { outputs: [late.txt], run: echo 1 >late.txt, slurm: { begin: now+1hour }, resources: { time: 1 } }
`)
  const made = tell(box, ['materialize', '--site', 'cluster'])
  await ledgerState(box, 'pending')
  await box.run(['scontrol', 'update', `JobId=${await newestId(box)}`, 'StartTime=now'])
  const { code, words } = await made
  expect(code, words).toBe(0)
  expect(await assetsMade(box)).toEqual(['late'])
})

test('messages lost with a killed watcher: all 70 and the metadata are kept once, whoever watched', async () => {
  await using box = await sandboxWithDataset()
  const gates = [makeGate(box, 'one'), makeGate(box, 'two')] as const
  const seventy = (from: number, to: number): string =>
    `for i in $(seq ${from} ${to}); do echo "{\\"log\\": \\"m$i\\"}" >>"$WAYBILL_MESSAGES"; done`
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  talks: { outputs: [], run: bash talk.sh }\n`,
    'talk.sh': `${seventy(1, 30)}\n${gates[0].line}\n${seventy(31, 60)}\n${gates[1].line}\n${seventy(61, 70)}
echo '{"metadata": {"rows": 3}, "data_version": "v1"}' >>"$WAYBILL_MESSAGES"\n`,
  })
  await killMaterialize(box, ['--site', 'cluster'], async () => gates[0].reached())
  await gates[0].open()
  await killMaterialize(box, ['--site', 'cluster'], async () => gates[1].reached())
  await gates[1].open()
  await jobEnded(box, await newestId(box))
  const told = await tell(box, ['materialize', '--site', 'cluster'])
  expect(told.code, told.words).toBe(0)
  const kept = await askLedger(box, 'SELECT event FROM messages ORDER BY id')
  const logs = kept.map(({ event }) => JSON.parse(String(event)) as { kind: string; message?: string })
  expect(logs.filter(({ kind }) => kind === 'log').map(({ message }) => message)).toEqual(
    Array.from({ length: 70 }, (_, i) => `m${i + 1}`),
  )
  expect((await recordOf(box)).record.waybill).toMatchObject({ data_version: 'v1', metadata: { rows: {} } })
  expect(await assetsMade(box)).toEqual(['talks'])
})

test('a job that nobody knows is no success: it stays open, and is not made anew', async () => {
  await using cluster = await takeCluster('no-accounting')
  await using box = await project(
    `${assetsHead}\n  gone: { outputs: [gone.txt], retry: { attempts: 3 }, run: "echo 1 >gone.txt; kill -9 $$" }\n`,
    {},
    cluster.env,
  )
  // What Slurm does once MinJobAge is over: the queue answers, and does not name it.
  box.write('bin/squeue', '#!/bin/sh\nexit 0\n', 0o755)
  const env = { PATH: `${box.path('bin')}:${box.environment()['PATH'] ?? ''}` }
  for (const _ of [1, 2]) {
    const told = await tell(box, ['materialize', '--site', 'cluster'], { env })
    expect(told.code).toBe(1)
    expect(told.words).toMatch(/gone: job \d+ stays open; `waybill finish \d+` tells why/)
    // Of ours no process with the real squeue may look.
    expect(await openInLedger(box)).toMatchObject([{ id: 1, state: 'unknown' }])
    expect(await assetsMade(box)).toEqual([])
  }
})

test('without accounting what fails has failed, and what is well is recorded, neither late', async () => {
  await using cluster = await takeCluster('no-accounting')
  await using box = await project(
    `${assetsHead}
  good: { outputs: [good.txt], run: echo 1 >good.txt }
  bad: { outputs: [bad.txt], run: "echo 1 >bad.txt; exit 3" }
`,
    {},
    cluster.env,
  )
  // The patience that users have: none of it is used up where nothing is to come.
  const env = { WAYBILL_FACTS_WAIT: '600' }
  const told = await tell(box, ['materialize', '-k', '--site', 'cluster'], { env })
  expect(told.code).toBe(1)
  expect(told.words).toContain('bad failed (FAILED)')
  expect(await assetsMade(box)).toEqual(['good'])
  expect((await recordOf(box)).record.waybill).toMatchObject({ accounting: 'off' })
  expect(await openJobs(box)).toEqual([])
})

test('a job that is completing is not taken for complete; one that a person cancels is not tried again', async () => {
  await using box = await sandboxWithDataset()
  const [gate, ending] = [makeGate(box), makeGate(box, 'ending')]
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  slow: { outputs: [slow.txt], retry: { attempts: 3 }, run: bash slow.sh }\n`,
    'slow.sh': `trap "trap '' TERM; ${ending.line}; echo cut >slow.txt; exit 0" TERM
(${gate.line}) & until wait $!; do :; done\n`,
  })
  const made = tell(box, ['materialize', '--site', 'cluster'])
  await gate.reached()
  const id = await newestId(box)
  await box.run(['scancel', '--full', id])
  await ending.reached()
  const { results } = await tell(box, ['jobs'])
  // Slurm ends it for good after some seconds: only before was there something to mistake.
  const after = (await box.run(['squeue', '-h', '-t', 'all', '-j', id, '-o', '%T'])).stdout.trim()
  if (after === 'COMPLETING') expect(results).toMatchObject([{ state: 'running' }])
  await ending.open()
  await gate.open()
  const { code, words } = await made
  expect(code).toBe(1)
  expect(words).toContain('slow failed (CANCELLED); nothing was saved')
  expect(await askLedger(box, 'SELECT state FROM jobs')).toEqual([{ state: 'closed' }])
  expect(await assetsMade(box)).toEqual([])
})

test.runIf(canSwitch())(
  'TIMEOUT: it is tried again with the time that the definitions give it then',
  async () => {
    await using box = await sandboxWithDataset()
    const gate = makeGate(box)
    await addFiles(box, 'ds', {
      'waybill.yaml': `${assetsHead}
  slow:
    outputs: [slow.txt]
    run: bash slow.sh
    resources: { time: 10 }
    retry: { attempts: 2, when: [TIMEOUT], grow: { time: 1.5 } }
`,
      'slow.sh': `${gate.line}; echo 1 >slow.txt\n`,
    })
    const made = tell(box, ['materialize', '--site', 'cluster'], { limitMs: 150_000 })
    await gate.reached()
    const id = await newestId(box)
    // Its limit is reached: Slurm looks at limits twice a minute.
    await box.run(['scontrol', 'update', `JobId=${id}`, 'EndTime=now'], { as: 'root' })
    await expect.poll(async () => newestId(box), { timeout: 90_000 }).not.toBe(id)
    await gate.open()
    const { code, words } = await made
    expect(code, words).toBe(0)
    expect(words).toContain('slow failed (TIMEOUT); it is tried again')
    expect((await recordOf(box)).record.cmd).toContain('--time=15:00')
  },
)

test("one key's job is not another's: after a kill the other key gets a job of its own", async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  model:\n    outputs: ["{metal}.txt"]\n    partitions: { metal: [gold, silver] }\n    run: bash model.sh {metal}\n`,
    'model.sh': `[ $1 != gold ] || ${gate.line}\necho $1 >$1.txt\n`,
  })
  await killMaterialize(box, ['--partition', 'gold', '--site', 'cluster'], async () => gate.reached())
  const other = tell(box, ['materialize', '--partition', 'silver', '--site', 'cluster'])
  await expect
    .poll(async () => (await askLedger(box, 'SELECT id FROM jobs')).length, { timeout: 40_000 })
    .toBe(2)
  await gate.open()
  const { code, words } = await other
  expect(code, words).toBe(0)
  expect([box.read('ds/gold.txt'), box.read('ds/silver.txt')]).toEqual(['gold\n', 'silver\n'])
  expect((await assetsMade(box)).toSorted()).toEqual(['model gold', 'model silver'])
})

test("a changed payload does not adopt the old one's result: it is recorded as what it is, and made anew", async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  slow: { outputs: [slow.txt], run: bash slow.sh }\n`,
    'slow.sh': `${gate.line}; echo old >slow.txt; exit\n`,
  })
  await killMaterialize(box, ['--site', 'cluster'], async () => gate.reached())
  box.write('ds/next.sh', 'echo new >slow.txt\n')
  await box.run(['mv', 'next.sh', 'slow.sh'], { cwd: 'ds' })
  const second = tell(box, ['materialize', '--site', 'cluster'])
  await gate.open()
  const { code, words } = await second
  expect(code, words).toBe(0)
  expect(await assetsMade(box)).toEqual(['slow', 'slow'])
  expect(box.read('ds/slow.txt')).toBe('new\n')
  expect((await tell(box, ['materialize'])).results).toEqual([])
})

test('options of sbatch are not dropped', async () => {
  await using box = await project(`${assetsHead}
  big:
    outputs: [big.txt]
    run: echo "$SLURM_JOB_NODELIST $SLURM_GPUS_ON_NODE" >big.txt
    resources: { cpus: 2, memory: 100M }
    slurm: { nodelist: n4, gres: "gpu:2", exclusive: true, nice: 7, requeue: true }
`)
  const told = await tell(box, ['materialize', '--site', 'cluster'])
  expect(told.code, told.words).toBe(0)
  expect(box.read('ds/big.txt')).toBe('n4 2\n')
  const { cmd } = (await recordOf(box)).record
  for (const option of ['--exclusive', '--nodelist=n4', '--gres=gpu:2', '--nice=7', '--requeue'])
    expect(cmd).toContain(` ${option} `)
  box.write('ds/waybill.yaml', `${assetsHead}\n  big: { outputs: [b], run: "true", slurm: { array: 1-3 } }\n`)
  const refused = await tell(box, ['materialize'])
  expect(refused).toMatchObject({ code: 1, results: [{ status: 'error' }] })
  expect(refused.words).toContain('array')
})

test('node-hours of one node, and no steps: the record counts all nodes and what their steps used', async () => {
  await using box = await project(`${assetsHead}
  wide:
    outputs: [wide.txt]
    run: srun -N2 -n2 sh -c 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done' && echo 1 >wide.txt
    resources: { nodes: 2, cpus: 1 }
`)
  const env = { WAYBILL_FACTS_WAIT: '20' }
  const told = await tell(box, ['materialize', '--site', 'cluster'], { env })
  expect(told.code, told.words).toBe(0)
  const { waybill } = (await recordOf(box)).record
  expect(waybill).toMatchObject({ nodes: 2, node_seconds: 2 * Number(waybill['elapsed_seconds']) })
  expect(Number(waybill['cpu_seconds'])).toBeGreaterThan(0.2)
})

test.each(sites)('the log and files of a failed job stay, and nobody cancels it (%s)', async (site) => {
  await using box = await project(
    `${assetsHead}\n  bad: { outputs: [bad.txt], run: "echo why; echo half >bad.txt; exit 3" }\n`,
  )
  const scancel = noteCalls(box, 'scancel')
  const told = await tell(box, ['materialize', '--site', site], { env: { PATH: scancel.PATH } })
  expect(told.code).toBe(1)
  expect(scancel.calls()).toEqual([])
  expect((await box.waybill(['logs', 'w1'], { cwd: 'ds' })).stdout).toContain('why')
  expect(box.read('ds/bad.txt')).toBe('half\n')
  expect((await status(box)).split('\n')).toContain('?? bad.txt')
})

test('a squeue that hangs is given up after its deadline, and the job is watched on and recorded', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  slow: { outputs: [slow.txt], run: bash slow.sh }\n`,
    'slow.sh': `${gate.line}\necho 1 >slow.txt\n`,
  })
  const path = box.environment()['PATH'] ?? ''
  // The first that is asked while the job runs hangs for good.
  const hang = `if [ -e ${box.path('hang')} ]; then mv ${box.path('hang')} ${box.path('hung')} && exec sleep 600; fi`
  box.write('hanging/squeue', `#!/bin/sh\n${hang}\nPATH='${path}' exec squeue "$@"\n`, 0o755)
  const env = { PATH: `${box.path('hanging')}:${path}` }
  const made = tell(box, ['materialize', '--site', 'cluster'], { env, limitMs: 120_000 })
  await gate.reached()
  await box.run(['sh', '-c', ': >hang'])
  await expect.poll(() => existsSync(box.path('hung')), { timeout: 60_000 }).toBe(true)
  await gate.open()
  const told = await made
  expect(told.code, told.words).toBe(0)
  expect(await assetsMade(box)).toEqual(['slow'])
  expect(await askLedger(box, 'SELECT state FROM jobs')).toEqual([{ state: 'recorded' }])
}, 240_000)

test.each(sites)('a payload that forks and exits has ended with its own exit code (%s)', async (site) => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  forks: { outputs: [out.txt], run: bash fork.sh }\n`,
    // It ends when what it leaves behind has a session of its own.
    'fork.sh': `mkfifo ../begun
(setsid sh -c "echo >../begun; ${gate.line}; echo late >../late" >/dev/null 2>&1 &)
read -r _ <../begun
echo 1 >out.txt
`,
  })
  const told = await tell(box, ['materialize', '--site', site])
  expect(told.code, told.words).toBe(0)
  expect(await assetsMade(box)).toEqual(['forks'])
  expect(existsSync(box.path('late'))).toBe(false)
  // Slurm has ended what it left behind; here it goes on.
  if (site === 'here') await gate.open()
})

test('what sbatch refuses is told with the asset and the keys that it was to make', async () => {
  await using box = await project(`${assetsHead}
  prices: { outputs: [prices.txt], site: cluster, slurm: { partition: nowhere }, run: echo 1 >prices.txt }
  model:
    site: cluster
    outputs: ["{metal}.txt"]
    partitions: { metal: [gold, tin] }
    slurm: { partition: nowhere }
    run: echo 1 >{metal}.txt
`)
  const told = await tell(box, ['materialize', '--keep-going'])
  expect(told.code).toBe(1)
  expect(told.results).toContainEqual(
    expect.objectContaining({ asset: 'prices', message: expect.stringMatching(/^prices: .*partition/s) }),
  )
  expect(told.results).toContainEqual(
    expect.objectContaining({
      keys: ['gold', 'tin'],
      message: expect.stringMatching(/^model gold, tin: .*partition/s),
    }),
  )
})

test('SBATCH_EXPORT=NONE: a payload has its variables, its key and its messages all the same', async () => {
  await using box = await project(`${assetsHead}
  model:
    outputs: ["{metal}.txt"]
    partitions: { metal: [gold] }
    env: { SEED: "7" }
    run: 'echo "$WAYBILL_KEY $SEED" >{metal}.txt; echo ''{"data_version": "v1"}'' >>"$WAYBILL_MESSAGES"'
`)
  const told = await tell(box, ['materialize', '--site', 'cluster'], { env: { SBATCH_EXPORT: 'NONE' } })
  expect(told.code, told.words).toBe(0)
  expect(box.read('ds/gold.txt')).toBe('gold 7\n')
  expect((await recordOf(box)).record.waybill).toMatchObject({ data_version: 'v1' })
})

const odd = `
import json, os, sys
from dagster_pipes import open_dagster_pipes
path = os.environ["WAYBILL_MESSAGES"]
def add(data):
    with open(path, "ab") as file: file.write(data)
with open_dagster_pipes() as pipes:
    import base64, zlib
    told = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))
    pipes.report_asset_materialization(
        metadata={"loss": float("nan"), "asked": ",".join(sorted(told))}, data_version="v1")
    add(b'this is no JSON\\n')
    add(b'{"log": "' + b'x' * (1 << 20) + b'"}\\n')
    add(b'{"log": "broken \\xff\\xfe"}\\n')
    print("on the log and in no message")
add(b'{"log": "after closed"}\\n')
add(b'{"check": "enough", "passed": true, "severity": "WARN"}')
os.ftruncate(1, 1 << 30)
`

test.each(sites)(
  'odd messages and a gigabyte of log: a bad line, a megabyte, NaN, broken UTF-8, words after closed (%s)',
  async (site) => {
    await using box = await sandboxWithDataset()
    const python = join(box.runtime.peersBin, 'python')
    await addFiles(box, 'ds', {
      'waybill.yaml': `${assetsHead}\n  odd: { outputs: [], run: { exec: ["${python}", odd.py] } }\n`,
      'odd.py': odd,
    })
    const told = await tell(box, ['materialize', '--site', site])
    expect(told.code, told.words).toBe(0)
    expect((await recordOf(box)).record.waybill).toMatchObject({
      data_version: 'v1',
      // A client is never asked to forward its output.
      metadata: { loss: { raw_value: 'NaN', type: 'float' }, asked: { raw_value: 'path' } },
      checks: [{ name: 'enough', passed: true, severity: 'WARN' }],
    })
    const kept = await askLedger(box, 'SELECT event FROM messages ORDER BY id')
    const said = kept.map(({ event }) => JSON.parse(String(event)) as { kind: string; message?: string })
    expect(said.map(({ kind }) => kind)).not.toContain('stream')
    const logs = said.flatMap(({ kind, message }) =>
      kind === 'log' && message !== undefined ? [message] : [],
    )
    expect(logs.map((one) => one.slice(0, 12))).toEqual(['xxxxxxxxxxxx', 'broken ��', 'after closed'])
    expect(logs[0]).toHaveLength(1 << 20)
    expect(await status(box)).toBe('')
  },
)

test('definitions in a folder of the dataset: jobs run there, and paths mean the same', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'sub/waybill.yaml': `${assetsHead}
  raw: { outputs: [raw.txt], run: bash scripts/raw.sh }
  next: { needs: [raw], inputs: [more.txt], outputs: [next.txt], run: cat raw.txt more.txt >next.txt }
`,
    'sub/scripts/raw.sh': 'echo 1 >raw.txt\n',
    'sub/more.txt': '2\n',
  })
  for (const site of sites) {
    const told = await tell(box, ['materialize', '--force', '--site', site], { cwd: 'ds/sub' })
    expect(told.code, told.words).toBe(0)
    expect(box.read('ds/sub/next.txt')).toBe('1\n2\n')
    const { record } = await recordOf(box)
    expect(record).toMatchObject({ pwd: 'sub', inputs: expect.arrayContaining(['more.txt', 'raw.txt']) })
  }
  expect(await assetsMade(box)).toEqual(['raw', 'next', 'raw', 'next'])
  expect((await tell(box, ['materialize'], { cwd: 'ds/sub' })).results).toEqual([])
  expect((await tell(box, ['materialize'])).code).toBe(1)
})

test.each(['locked', 'unlocked'])('annexed outputs are made again (%s)', async (how) => {
  await using box = await sandboxWithDataset()
  const size = 'head -c 200000 /dev/zero | tr "\\\\0"'
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  big: { outputs: [big.bin], run: '${size} "$(cat what)" >big.bin', inputs: [what] }\n`,
  })
  await addFiles(box, 'ds', { what: 'aaaa\n' })
  await box.run(['git', 'config', 'annex.largefiles', 'largerthan=100kb'], { cwd: 'ds' })
  await box.run(['git', 'config', 'annex.addunlocked', String(how === 'unlocked')], { cwd: 'ds' })
  await tell(box, ['materialize'])
  expect(await box.git('ds', 'annex', 'find', 'big.bin')).toBe('big.bin')
  const before = await box.git('ds', 'annex', 'lookupkey', 'big.bin')
  await addFiles(box, 'ds', { what: 'bbbb\n' })
  const told = await tell(box, ['materialize'])
  expect(told.code, told.words).toBe(0)
  expect(await box.git('ds', 'annex', 'lookupkey', 'big.bin')).not.toBe(before)
  expect(readFileSync(box.path('ds/big.bin'), 'utf8').slice(0, 3)).toBe('bbb')
  expect((await box.git('ds', 'ls-files', '-s', 'big.bin')).slice(0, 6)).toBe(
    how === 'locked' ? '120000' : '100644',
  )
  expect(await status(box)).toBe('')
  expect((await tell(box, ['materialize'])).results).toEqual([])
})

test('jobs that a limit has no room for are made when there is', async () => {
  await using cluster = await takeCluster('limits')
  await using box = await project(
    `${assetsHead}\n  some: { outputs: [some.txt], run: echo 1 >some.txt, slurm: { account: capped } }\n`,
    {},
    cluster.env,
  )
  const filler = ['--parsable', '--hold', '-A', 'capped', '--array=0-9', '-o', '/dev/null', '--wrap', 'true']
  const id = (await box.run(['sbatch', ...filler])).stdout.trim()
  const made = tell(box, ['materialize', '--site', 'cluster'], { limitMs: 100_000 })
  await expect
    .poll(async () => askLedger(box, 'SELECT held FROM jobs').catch(() => []), { timeout: 60_000 })
    .toMatchObject([{ held: expect.stringContaining('MaxSubmitJobs') }])
  await box.run(['scancel', id])
  const { code, words } = await made
  expect(code, words).toBe(0)
  expect(await assetsMade(box)).toEqual(['some'])
})

test.runIf(canSwitch())(
  "in a clone that a group shares, one records what another's payload said",
  async () => {
    await using box = await sandboxWithDataset()
    const gate = makeGate(box)
    await addFiles(box, 'ds', {
      'waybill.yaml': `${assetsHead}\n  talks: { outputs: [], run: bash talk.sh }\n`,
      'talk.sh': `${gate.line}\necho '{"data_version": "v1"}' >>"$WAYBILL_MESSAGES"\n`,
    })
    await box.run(['git', 'clone', '-q', '-c', 'core.sharedRepository=group', 'ds', 'shared'])
    const share = `cd shared && git annex init -q shared && chgrp -R ${box.group} . && chmod -R g+w . && find . -type d -exec chmod g+s {} +`
    await box.run(['sh', '-c', share])
    for (const as of ['user', 'peer'] as const)
      await box.run(['git', 'config', '--global', '--add', 'safe.directory', '*'], { as })
    const line = 'echo $$ >../pid; exec waybill materialize --site cluster'
    const mine = box.run(['sh', '-c', line], { cwd: 'shared', allowFailure: true })
    await gate.reached()
    await box.run(['kill', '-KILL', box.read('pid').trim()])
    await mine
    const theirs = tell(box, ['materialize', '--site', 'cluster'], { cwd: 'shared', as: 'peer' })
    await gate.open()
    const { code, words } = await theirs
    expect(code, words).toBe(0)
    expect((await recordOf(box, 'HEAD', 'shared')).record.waybill).toMatchObject({ data_version: 'v1' })
  },
)

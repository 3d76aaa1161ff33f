import { join } from 'node:path'
import { expect, test } from 'vitest'
import { assetsHead, assetsMade, newestId, project, recordOfPiece } from './support/assets.ts'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { repeatOnSlurm } from './support/repeat.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'
import { askLedger } from './support/template.ts'

const cluster = ['materialize', '--site', 'cluster']

/** The words that jobs were submitted with, oldest first, and what became of them. */
async function submitted(box: Sandbox): Promise<readonly { readonly cmd: string; readonly state: string }[]> {
  const rows = await askLedger(box, `SELECT state, spec ->> 'cmd' AS cmd FROM jobs ORDER BY id`)
  return rows as unknown as readonly { readonly cmd: string; readonly state: string }[]
}

async function commits(box: Sandbox): Promise<number> {
  return (await box.git('ds', 'log', '--format=%H', '--grep="asset": {')).split('\n').length
}

const metals = `${assetsHead}
  model:
    outputs: ["models/{metal}.txt", "logs/{metal}"]
    partitions: { metal: [gold, tin, lead, zinc] }
    run: { bash: model.sh, args: ["{metal}"] }
    env: { SEED: "7", NAME: "a {metal}" }
    resources: { memory: 20M }
    retry: { attempts: 2, grow: { memory: 2 } }
`

test('keys are tasks of one array with one commit, and one that fails is tried again and given up alone', async () => {
  await using box = await project(metals, {
    'model.sh': `mkdir -p models logs/$1
[ $1 = tin ] && echo "$SLURM_ARRAY_TASK_ID/$SLURM_MEM_PER_NODE" >>../tin && echo torn >models/tin.txt && exit 3
echo "$SEED $NAME $WAYBILL_KEY_metal" >models/$1.txt; echo $1 >logs/$1/log\n`,
  })
  const told = await tell(box, [...cluster, '--keep-going'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('model tin failed (FAILED); it is tried again')
  expect(told.words).toContain('model tin failed (FAILED); nothing was saved')
  expect(told.words).not.toContain('model gold failed')
  expect(box.read('tin')).toBe('1/20\n/40\n')
  expect(await assetsMade(box)).toEqual(['model gold', 'model lead', 'model zinc'])
  expect(await commits(box)).toBe(1)
  const { record } = await recordOf(box)
  expect(record).toMatchObject({
    waybill: {
      recorded_tasks: '0,2-3',
      tasks: ['0,2-3 COMPLETED', expect.stringMatching(/^1 FAILED/)],
      state: 'COMPLETED',
    },
  })
  const files = (await box.git('ds', 'show', '--format=', '--name-only')).split('\n')
  expect(files).toEqual(
    expect.arrayContaining([
      'models/gold.txt',
      'logs/zinc/log',
      `slurm-${Number(record.slurm_job_id)}_2.out`,
    ]),
  )
  expect(files.some((file) => file.includes('tin') || file.endsWith('_1.out'))).toBe(false)
  expect(box.read('ds/models/lead.txt')).toBe('7 a lead lead\n')
  expect(await openJobs(box)).toEqual([])
  expect((await submitted(box)).map(({ state }) => state)).toEqual(['closed', 'closed'])
  const { stdout } = await box.waybill(['show', 'HEAD:2'], { cwd: 'ds' })
  expect(stdout).toContain('COMPLETED')
  expect(stdout).toMatch(/^key: +lead$/m)
  const whole = (await box.waybill(['show'], { cwd: 'ds' })).stdout
  expect(whole).toMatch(/^asset: +model \(gold, tin, lead, zinc\)$/m)
  expect(whole).toMatch(/^tasks: +0,2-3 COMPLETED; 1 \(tin\) FAILED/m)
  const usage = (await box.waybill(['usage', '--by', 'asset', '--by', 'key'], { cwd: 'ds' })).stdout
  for (const key of ['gold', 'lead', 'zinc'])
    expect(usage).toMatch(new RegExp(`^model +${key} +1 +1 +1 `, 'm'))

  box.write('ds/model.sh', 'mkdir -p models logs/$1; echo new >models/$1.txt; echo $1 >logs/$1/log\n')
  const mended = await tell(box, cluster)
  expect(mended.code, mended.words).toBe(0)
  expect((await assetsMade(box)).slice(3)).toEqual(['model gold', 'model tin', 'model lead', 'model zinc'])
  expect(await tell(box, cluster)).toMatchObject({ code: 0, results: [] })
}, 240_000)

test('what is said for one run holds for all its jobs, is what grows, and makes nothing stale', async () => {
  await using box = await project(metals, {
    'model.sh': `mkdir -p models logs/$1; echo $1 >models/$1.txt; echo $1 >logs/$1/log
[ $1 = tin ] && [ "$SLURM_MEM_PER_NODE" -lt 50 ] && exit 3
exit 0\n`,
  })
  const told = await tell(box, [...cluster, '--keep-going', '--set', 'memory=30M', '--set', 'nice=5'])
  expect(told.code, told.words).toBe(0)
  expect((await submitted(box)).map(({ cmd }) => cmd.replace(/ \S+$/, ''))).toEqual(
    [
      'sbatch --job-name=model --array=0-3 --mem=30M --nice=5',
      'sbatch --job-name=model --mem=60M --nice=5 --wrap',
    ].map((words) => expect.stringContaining(words.replace(/ --wrap$/, ''))),
  )
  const { stdout } = await box.waybill(['runs'], { cwd: 'ds' })
  expect(stdout).toMatch(/^r1 .* --site cluster --set memory=30M --set nice=5$/m)
  expect(await tell(box, cluster)).toMatchObject({ code: 0, results: [] })
}, 240_000)

test('the command of an array runs by hand, and a repeat makes the same keys again', async () => {
  await using box = await project(metals, {
    'model.sh':
      'mkdir -p models logs/$1; echo "$SEED $NAME $WAYBILL_KEY" >models/$1.txt; echo $1 >logs/$1/log\n',
  })
  await tell(box, cluster)
  const { record } = await recordOf(box)
  const [, script = ''] = /^sbatch --job-name=model --array=0-3 --mem=20M (\S+)$/.exec(record.cmd) ?? []
  const text = box.read(`ds/${script}`)
  expect(text).toContain('export SEED=7\n')
  await box.run(['sh', '-c', `rm models/zinc.txt; SLURM_ARRAY_TASK_ID=3 sh ${script}`], { cwd: 'ds' })
  expect(box.read('ds/models/zinc.txt')).toBe('7 a zinc zinc\n')

  await repeatOnSlurm(box, [await recordOfPiece(box, 'model lead')])
  const narrowed = await recordOf(box)
  expect(narrowed.record.cmd).toBe(`sbatch --job-name=model --array=0-3 --mem=20M --array=2 ${script}`)
  expect(narrowed.record.outputs).not.toContain('models/gold.txt')
  expect((await assetsMade(box)).slice(4)).toEqual(['model lead'])
  await repeatOnSlurm(box, ['HEAD~1'])
  expect((await assetsMade(box)).slice(5)).toHaveLength(4)
  expect((await tell(box, ['plan'])).results).toMatchObject([{ fresh: 4 }])

  box.write('ds/waybill.yaml', metals.replace('tin, ', ''))
  const gone = await tell(box, ['reschedule', 'HEAD'])
  expect(gone.words).toContain('what it makes does not count as model gold, tin and 2 more keys')
}, 240_000)

test('killed while an array runs, the same command goes on with it', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  slow: { outputs: ["slow/{n}"], partitions: { n: ["1", "2", "3"] }, run: { bash: slow.sh, args: ["{n}"] } }
  after: { needs: [slow], outputs: [after.txt], run: cat slow/* >after.txt }
`,
    'slow.sh': `mkdir -p slow; [ $1 != 2 ] || { ${gate.line}\n}\necho $1 >slow/$1\n`,
  })
  const first = box.run(['sh', '-c', 'echo $$ >../pid; exec waybill materialize --site cluster'], {
    cwd: 'ds',
    allowFailure: true,
  })
  await gate.reached()
  await box.run(['kill', '-KILL', box.read('pid').trim()])
  await first
  const second = tell(box, cluster)
  await gate.open()
  const told = await second
  expect(told.code, told.words).toBe(0)
  expect(box.read('ds/after.txt')).toBe('1\n2\n3\n')
  expect(await submitted(box)).toMatchObject([{ state: 'recorded' }, { state: 'recorded' }])
})

test('a range with a limit runs as one array, so many tasks at once', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  many: { outputs: ["many/{n}"], partitions: { n: ["1", "2", "3", "4", "5"] }, run: { bash: many.sh, args: ["{n}"] } }
  other: { outputs: [other.txt], run: echo 1 >other.txt }
`,
    'many.sh': `count() { flock ../lock sh -c 'n=$(($(cat ../now 2>/dev/null || echo 0) $1)); echo $n | tee -a ../most >../now' sh "$1"; }
count +1; mkdir -p many; ${gate.line}\necho $1 >many/$1; count -1\n`,
  })
  const running = tell(box, [...cluster, '--jobs', '2'])
  await gate.reached()
  const id = await newestId(box)
  const rows = async (): Promise<readonly string[]> => {
    const { stdout } = await box.run(['squeue', '-h', '-r', '-j', id, '-o', '%T %r'])
    return stdout.trim().split('\n').toSorted()
  }
  const waits = 'PENDING JobArrayTaskLimit'
  await expect.poll(rows).toEqual([waits, waits, waits, 'RUNNING None', 'RUNNING None'])
  expect((await submitted(box)).map(({ cmd }) => cmd.split(' ')[2])).toEqual(['--array=0-4%2'])
  await gate.open()
  const told = await running
  expect(told.code, told.words).toBe(0)
  expect(Math.max(...box.read('most').trim().split('\n').map(Number))).toBe(2)
  expect((await submitted(box)).map(({ state }) => state)).toEqual(['recorded', 'recorded'])
  expect(await commits(box)).toBe(2)
})

const pipes = `
import os, sys
from dagster_pipes import open_dagster_pipes
try:
    with open_dagster_pipes() as pipes:
        key = pipes.partition_key
        pipes.report_asset_materialization(metadata={"key": key}, data_version="v" + key)
        if key == sys.argv[1]:
            raise ValueError("no " + key)
except ValueError:
    pass
`

test('what each task says by Dagster Pipes counts for its key', async () => {
  await using box = await sandboxWithDataset()
  const python = join(box.runtime.peersBin, 'python')
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  said: { outputs: [], partitions: { n: [a, b, c] }, run: { exec: ["${python}", pipes.py, b] } }
  next: { needs: [said], outputs: ["{n}.txt"], partitions: { n: [a, b, c] }, run: "echo 1 >{n}.txt" }
`,
    'pipes.py': pipes,
  })
  const told = await tell(box, [...cluster, '--keep-going'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('said b failed (FAILED; ValueError: no b)')
  expect(await assetsMade(box)).toEqual(['said a', 'said c', 'next a', 'next c'])
  expect((await recordOf(box, 'HEAD~1')).record.waybill).toMatchObject({
    data_version: { a: 'va', c: 'vc' },
    metadata: { a: { key: { raw_value: 'a', type: 'text' } } },
  })
  expect((await tell(box, ['plan'])).results).toMatchObject([{ fresh: 2 }, { fresh: 2 }])
})

test('keys with odd characters, options by key, and more keys than a record names', async () => {
  const many = Array.from({ length: 120 }, (_, i) => `k${i}`)
  await using box = await project(
    `${assetsHead}
  odd:
    outputs: ["odd/{n}"]
    partitions: { n: ["it's", 'a "b" $c', "x*y", "-z", "é&;"] }
    run: { exec: [sh, -c, 'mkdir -p odd; printf %s "$1" >"odd/$WAYBILL_KEY"', sh, "<{n}>"] }
    keys: { "-z": { resources: { time: "5" } } }
  many:
    outputs: ["many/{n}"]
    partitions: { n: [${many.join(', ')}] }
    run: mkdir -p many; [ {n} = k7 ] || echo {n} >many/{n}
`,
  )
  const told = await tell(box, [...cluster, '--keep-going'])
  expect(told.words).toContain('many k7 ended well, but not all that it was to make is there')
  for (const key of ["it's", 'a "b" $c', 'x*y', '-z', 'é&;'])
    expect(box.read(`ds/odd/${key}`)).toBe(`<${key}>`)
  const cmds = (await submitted(box)).map(({ cmd }) => cmd.replace(/\S+$/, ''))
  expect(cmds).toHaveLength(3)
  expect(cmds).toEqual(
    expect.arrayContaining([
      'sbatch --job-name=odd --array=0-3 ',
      expect.stringMatching(/^sbatch --job-name=odd --time=5:00 --wrap /),
      'sbatch --job-name=many --array=0-119 ',
    ]),
  )
  const { record } = await recordOf(box, await box.git('ds', 'log', '-1', '--format=%H', '--grep=asset many'))
  expect(record.outputs).toContain('many/*')
  expect((await tell(box, ['plan'])).results).toMatchObject([
    { asset: 'odd', fresh: 5 },
    { asset: 'many', fresh: 119 },
  ])
  expect(await status(box)).toBe('')
})

test('an array is split by the limits of the site, and what has no room waits here', async () => {
  await using limits = await takeCluster('limits')
  await using box = await sandboxWithDataset({ env: limits.env })
  const keys = Array.from({ length: 25 }, (_, i) => `k${i}`)
  await addFiles(box, 'ds', {
    'waybill.yaml': `sites: { cluster: { scheduler: slurm, defaults: { account: capped } }, open: { scheduler: slurm, defaults: { account: open } } }
defaultSite: cluster
assets:
  piece: { outputs: ["out/{k}"], partitions: { k: [${keys.join(', ')}] }, run: "mkdir -p out; echo {k} >out/{k}" }
`,
  })
  const told = await tell(box, ['materialize'])
  expect(told.code, told.words).toBe(0)
  const capped = (await submitted(box)).map(({ cmd }) => /--array=\S+/.exec(cmd)?.[0])
  expect(capped).toEqual(['--array=0-9', '--array=0-9', '--array=0-4'])
  expect((await assetsMade(box)).toSorted()).toEqual(keys.map((key) => `piece ${key}`).toSorted())
  await tell(box, ['materialize', '--force', '--site', 'open'])
  const open = (await submitted(box)).slice(3).map(({ cmd }) => /--array=\S+/.exec(cmd)?.[0])
  expect(open).toEqual(['--array=0-20', '--array=0-3'])
}, 240_000)

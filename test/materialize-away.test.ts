import { expect, test, vi } from 'vitest'
import { openInLedger } from './support/after-kill.ts'
import { assetsHead, assetsMade, newestId, project, recordOfPiece } from './support/assets.ts'
import { takeCluster, type Cluster } from './support/cluster.ts'
import { makeGate, type Gate } from './support/gate.ts'
import { jobIs } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, recordOf, sandboxWithDataset, tell } from './support/scenario.ts'
import { askLedger, clusterJobs } from './support/template.ts'

// Slurm's daemons are away while assets are made. Its commands take seconds until they say that nobody answers.
vi.setConfig({ testTimeout: 240_000 })

/** An asset whose job stands before a gate, in a dataset on a cluster. */
async function gated(
  cluster: Cluster,
  { more = '', script = 'echo 1 >slow.txt' } = {},
): Promise<{ readonly box: Sandbox; readonly gate: Gate }> {
  const box = await sandboxWithDataset({ env: cluster.env })
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}\n  slow: { outputs: [slow.txt], run: bash slow.sh${more} }\n`,
    'slow.sh': `${gate.line}\n${script}\n`,
  })
  return { box, gate }
}

const onCluster = ['materialize', '--site', 'cluster'] as const

test('three failed polls of a healthy job: while slurmctld is away nothing is concluded, cancelled or submitted', async () => {
  await using cluster = await takeCluster('fault')
  const { box, gate } = await gated(cluster)
  await using _ = box
  const made = tell(box, onCluster, { limitMs: 200_000 })
  await gate.reached()
  await cluster.saved()
  cluster.kill('slurmctld')
  const polls = await Promise.all([1, 2, 3].map(async () => tell(box, ['finish'])))
  for (const { words } of polls) expect(words).toContain('could not be asked about')
  expect(await openJobs(box)).toEqual(['w1'])
  // It ends while nobody can say so.
  await gate.open()
  cluster.heal()
  const { code, words } = await made
  expect(code, words).toBe(0)
  expect(await assetsMade(box)).toEqual(['slow'])
  expect(await askLedger(box, 'SELECT state FROM jobs')).toEqual([{ state: 'recorded' }])
})

test('sbatch whose answer is lost: the run goes no further, and the same command finds the job, once', async () => {
  await using cluster = await takeCluster('fault')
  const name = `lost-${process.pid}-${Date.now().toString(36)}`
  await using box = await project(
    `${assetsHead}\n  slow: { outputs: [slow.txt], run: echo 1 >slow.txt, slurm: { job-name: ${name} } }\n`,
    {},
    cluster.env,
  )
  cluster.freeze('slurmctld')
  const first = await tell(box, onCluster, { limitMs: 100_000 })
  expect(first.code).toBe(1)
  expect(first.words).toContain('not known whether the job was submitted')
  expect(await openInLedger(box)).toMatchObject([{ state: 'unknown' }])
  cluster.thaw('slurmctld')
  await expect
    .poll(async () => (await tell(box, onCluster, { limitMs: 100_000 })).code, { timeout: 100_000 })
    .toBe(0)
  expect(await clusterJobs(box, name)).toHaveLength(1)
  expect(await assetsMade(box)).toEqual(['slow'])
})

test('accounting away while the controller is fine: what failed has failed, what is well is recorded, at once', async () => {
  await using cluster = await takeCluster('fault')
  const { box, gate } = await gated(cluster, {
    more: ` }\n  bad: { outputs: [bad.txt], run: "echo 1 >bad.txt; exit 3"`,
  })
  await using _ = box
  const made = tell(box, [...onCluster, '-k'], { limitMs: 100_000 })
  await gate.reached()
  cluster.kill('slurmdbd')
  await gate.open()
  const { code, words } = await made
  expect(code).toBe(1)
  expect(words).toContain('bad failed (FAILED)')
  expect(await assetsMade(box)).toEqual(['slow'])
  expect((await recordOf(box)).record.waybill).toMatchObject({ state: 'COMPLETED', accounting: 'pending' })
  expect(await openJobs(box)).toEqual([])
})

test('NODE_FAIL, slurmd killed: a job that may not be requeued has failed, and is tried again as the definitions say', async () => {
  await using cluster = await takeCluster('fault')
  const { box, gate } = await gated(cluster, {
    more: ', slurm: { no-requeue: true }, retry: { attempts: 2, when: [NODE_FAIL] }',
    // What a killed slurmd has begun lives on, and must not write over what the second attempt makes.
    script: '[ "$SLURM_JOB_ID" != "$(cat ../first)" ] || exit 0; echo "$SLURM_JOB_NODELIST" >slow.txt',
  })
  await using _ = box
  const made = tell(box, onCluster, { limitMs: 200_000 })
  await gate.reached()
  const id = await newestId(box)
  box.write('first', `${id}\n`)
  const node = (await box.run(['squeue', '-h', '-j', id, '-o', '%N'])).stdout.trim()
  cluster.kill(`slurmd-${node}`)
  await jobIs(box, id, 'NODE_FAIL', 120_000)
  // A Slurm that was slow to answer is left alone for up to a minute.
  await expect.poll(async () => newestId(box), { timeout: 100_000 }).not.toBe(id)
  await gate.open()
  const { code, words } = await made
  expect(code, words).toBe(0)
  expect(words).toContain('slow failed (NODE_FAIL); it is tried again')
  expect(box.read('ds/slow.txt').trim()).not.toBe(node)
  expect(await assetsMade(box)).toEqual(['slow'])
  expect(await askLedger(box, 'SELECT state FROM jobs ORDER BY id')).toEqual([
    { state: 'closed' },
    { state: 'recorded' },
  ])
})

/** Submits what takes the node n1 from whatever runs there. */
async function preempt(box: Sandbox): Promise<void> {
  await box.run('sbatch -p urgent -w n1 --exclusive -o /dev/null --wrap true'.split(' '))
}

test('PREEMPTED and requeued: it is the same job, made once, and its record tells of both attempts', async () => {
  await using cluster = await takeCluster('preempt')
  const { box, gate } = await gated(cluster, {
    more: ', slurm: { partition: work, nodelist: n1, exclusive: true }',
    script: 'echo "$SLURM_RESTART_COUNT" >slow.txt',
  })
  await using _ = box
  const made = tell(box, onCluster, { limitMs: 220_000, env: { WAYBILL_FACTS_WAIT: '20' } })
  await gate.reached()
  await preempt(box)
  await jobIs(box, await newestId(box), 'PENDING')
  await gate.open(200_000)
  const { code, words } = await made
  expect(code, words).toBe(0)
  expect(box.read('ds/slow.txt')).toBe('1\n')
  expect(await assetsMade(box)).toEqual(['slow'])
  const { attempts } = (await recordOf(box)).record.waybill as { attempts: readonly { state: string }[] }
  expect(attempts).toHaveLength(2)
})

test('PREEMPTED for good, and OUT_OF_MEMORY: each is a failure by its name, tried again with what grows', async () => {
  await using cluster = await takeCluster('preempt')
  const eat = 'head -c 100000000 /dev/zero | tail >/dev/null'
  await using box = await sandboxWithDataset({ env: cluster.env })
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  scrap: { outputs: [scrap.txt], run: bash slow.sh, slurm: { partition: scrap, nodelist: n1, exclusive: true } }
  eats:
    outputs: [eats.txt]
    run: ${eat}; echo 1 >eats.txt
    resources: { memory: 64M }
    slurm: { nodelist: n2 }
    retry: { attempts: 2, when: [OUT_OF_MEMORY], grow: { memory: 8 } }
  step:
    outputs: [step.txt]
    run: "srun --mem=64M sh -c '${eat}'; echo 1 >step.txt"
    resources: { memory: 600M }
    slurm: { nodelist: n3 }
`,
    'slow.sh': `${gate.line}; echo 1 >scrap.txt\n`,
  })
  const env = { WAYBILL_FACTS_WAIT: '20' }
  const made = tell(box, [...onCluster, '-k'], { limitMs: 200_000, env })
  await gate.reached()
  await preempt(box)
  const { code, words } = await made
  expect(code).toBe(1)
  expect(words).toContain('scrap failed (PREEMPTED)')
  expect(words).toContain('eats failed (OUT_OF_MEMORY); it is tried again')
  // The script went on after its step was ended, and ended well; the record tells of the step.
  expect((await assetsMade(box)).toSorted()).toEqual(['eats', 'step'])
  expect((await recordOf(box, await recordOfPiece(box, 'eats'))).record.cmd).toContain('--mem=512M')
  expect((await recordOf(box, await recordOfPiece(box, 'step'))).record.waybill).toMatchObject({
    state: 'COMPLETED',
    step_states: ['0 OUT_OF_MEMORY'],
  })
})

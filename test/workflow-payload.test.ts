import { beforeAll, expect, test } from 'vitest'
import { installSnakemake } from '../dev/setup/peers.ts'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, recordOf, sandboxWithDataset, tell } from './support/scenario.ts'

const head = `
sites: { here: { scheduler: local }, cluster: { scheduler: slurm } }
defaultSite: here
assets:`

const sites = ['here', 'cluster']

let snakemake: string

beforeAll(() => {
  snakemake = installSnakemake((line) => void process.stderr.write(`set-up: ${line}\n`))
}, 600_000)

interface Children {
  readonly count: number
  readonly accounting: string
  readonly allocated_cpu_seconds?: number
  readonly jobs: readonly { readonly slurm_job_id: number; readonly state: string }[]
}

async function childrenOf(box: Sandbox): Promise<Children> {
  const { waybill } = (await recordOf(box)).record
  return waybill['children'] as Children
}

/** A line of `waybill usage --json`. */
interface Sum {
  readonly by: Readonly<Record<string, string>>
  readonly jobs: number
  readonly core_hours?: number
}

async function usageBy(box: Sandbox, key: string): Promise<readonly Sum[]> {
  const { stdout } = await box.waybill(['usage', '--json', '--by', key], { cwd: 'ds' })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sum & { readonly kind: string })
    .filter(({ kind, by }) => kind === 'usage' && key in by)
}

const snakefile = `
METALS = ["gold", "silver"]

rule table:
    input: expand("out/{metal}.txt", metal=METALS)
    output: "out/table.txt"
    shell: "cat {input} > {output}"

rule part:
    output: "out/{metal}.txt"
    shell: "echo {wildcards.metal} > {output}"
`

function asset(program: string): string {
  return `  table:
    inputs: [Snakefile]
    outputs: [out]
    run: >
      mkdir -p .snakemake &&
      exec ${program} --jobs 4 --executor cluster-generic --seconds-between-status-checks 1
      --cluster-generic-submit-cmd "sbatch --parsable --output=.snakemake/%j.out"
      --cluster-generic-cancel-cmd scancel
`
}

test.each(sites)(
  'Snakemake as an asset: the jobs that it submits are found and counted (%s)',
  async (site) => {
    await using box = await sandboxWithDataset()
    await addFiles(box, 'ds', {
      '.gitignore': '.snakemake/\n',
      Snakefile: snakefile,
      'waybill.yaml': `${head}
${asset(`${snakemake}/snakemake`)}`,
    })
    const told = await tell(box, ['materialize', '--site', site], {
      env: { WAYBILL_FACTS_WAIT: '10' },
      limitMs: 300_000,
    })
    expect(told.code, told.words).toBe(0)
    expect(box.read('ds/out/table.txt')).toBe('gold\nsilver\n')
    const children = await childrenOf(box)
    expect(children).toMatchObject({ count: 3, accounting: 'complete' })
    expect(children.jobs.map(({ state }) => state)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED'])
    const [sum] = await usageBy(box, 'asset')
    expect(sum).toMatchObject({ by: { asset: 'table' }, jobs: 4 })
    expect(sum?.core_hours).toBeGreaterThan(0)
  },
  400_000,
)

test.each(sites)(
  'jobs that a payload submits by itself are in its record and in usage (%s)',
  async (site) => {
    await using box = await sandboxWithDataset()
    const few = box.path('few')
    await box.run(['mkdir', few])
    await box.run(['ln', '-s', '/bin/sh', few])
    await addFiles(box, 'ds', {
      'waybill.yaml': `${head}
  a: { outputs: [a.txt], run: bash submit.sh a }
  b: { outputs: [b.txt], run: bash submit.sh b }
  none: { outputs: [none.txt], env: { PATH: "${few}" }, run: "command -v sbatch && exit 4; echo >none.txt" }
`,
      // As a workflow does: it submits, and waits for what it submitted. One fails, and it goes on without.
      'submit.sh': `
sbatch --parsable --wait --output=/dev/null --array=1-2 --wrap true >/dev/null
sbatch --parsable --wait --output=/dev/null --wrap 'exit 3' >/dev/null
sbatch --test-only --wrap true 2>/dev/null
[ "$1" = a ] && sbatch --parsable --output=/dev/null --wait --comment=mine --wrap 'echo a >a.txt' >/dev/null || echo b >b.txt
`,
    })
    const told = await tell(box, ['materialize', '--site', site], {
      env: { WAYBILL_FACTS_WAIT: '10' },
    })
    expect(told.code, told.words).toBe(0)
    expect(await usageBy(box, 'asset')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ by: { asset: 'a' }, jobs: 4 }),
        expect.objectContaining({ by: { asset: 'b' }, jobs: 3 }),
      ]),
    )
    const commit = await box.git('ds', 'log', '-1', '--format=%H', '--', 'a.txt')
    // It sees the sbatch of before, and nothing of ours.
    expect((await box.waybill(['logs', 'w1'], { cwd: 'ds', allowFailure: true })).stdout).not.toContain(
      'waybill',
    )
    const children = (await recordOf(box, commit)).record.waybill['children'] as Children
    expect(children.jobs.map(({ state }) => state)).toEqual(['COMPLETED', 'FAILED', 'COMPLETED'])
    const shown = await box.waybill(['show', commit], { cwd: 'ds' })
    expect(shown.stdout).toMatch(/submitted: +3 jobs/)
    const last = await box.git('ds', 'log', '-1', '--format=%H', '--', 'none.txt')
    expect((await recordOf(box, last)).record.waybill).not.toHaveProperty('children')
  },
  120_000,
)

test.each(sites)(
  'a run that is cancelled ends what Snakemake submitted, too (%s)',
  async (site) => {
    await using box = await sandboxWithDataset()
    const gate = makeGate(box)
    await addFiles(box, 'ds', {
      '.gitignore': '.snakemake/\n',
      Snakefile: snakefile.replace('"echo', `"${gate.line}; echo`),
      'waybill.yaml': `${head}\n${asset(`${snakemake}/snakemake`)}`,
    })
    const run = tell(box, ['materialize', '--site', site], { limitMs: 300_000 })
    await gate.reached(100_000)
    const cancelled = await tell(box, ['cancel', 'r1'])
    expect(cancelled.code, cancelled.words).toBe(0)
    const [, list = ''] =
      /cancelled, too: \d jobs? \(([\d, ]+)\) that job \w+ submitted/.exec(cancelled.words) ?? []
    expect(list, cancelled.words).not.toBe('')
    const children = list.split(', ')
    for (const id of children) await jobEnded(box, id)
    const told = await run
    expect(told.code).toBe(1)
    expect(told.words).toContain('run r1 was cancelled')
  },
  400_000,
)

test('a cancelled payload that goes on submitting is told of when its job is closed', async () => {
  await using box = await sandboxWithDataset()
  const [gate, dying, child] = [makeGate(box), makeGate(box, 'dying'), makeGate(box, 'child')]
  await addFiles(box, 'ds', {
    'waybill.yaml': `${head}\n  stubborn: { outputs: [a.txt], run: { bash: stubborn.sh } }\n`,
    'stubborn.sh': `trap "${dying.line}; sbatch --output=/dev/null child.sh; exit 1" TERM\n${gate.line} & wait\n`,
    'child.sh': `#!/bin/sh\n${child.line}\n`,
  })
  const run = tell(box, ['materialize', '--keep-going'])
  await gate.reached()
  await tell(box, ['cancel', 'w1'])
  await dying.open()
  const told = await run
  expect(told.words).toMatch(/job w1 submitted 1 job \((\d+)\), and not all have ended; .*: `scancel \1`/)
  await child.open()
})

test('what a payload leaves running is told, and stands in the record as it is', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${head}\n  hasty: { outputs: [hasty.txt], run: "sbatch --output=/dev/null long.sh && echo 1 >hasty.txt" }\n`,
    'long.sh': `#!/bin/sh\n${gate.line}\n`,
  })
  const told = await tell(box, ['materialize'])
  expect(told.code, told.words).toBe(0)
  expect(told.words).toMatch(/job w1 submitted 1 job \(\d+\), and not all have ended/)
  const [child] = (await childrenOf(box)).jobs
  expect(['PENDING', 'RUNNING']).toContain(child?.state)
  await gate.open()
})

test("what nobody may read of a payload's own jobs is told as not available, and not as none", async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'waybill.yaml': `${head}\n  closed: { outputs: [a.txt], run: { bash: closed.sh } }\n`,
    'closed.sh': `sbatch --wait --output=/dev/null --wrap true\ncalls=$(dirname "$(dirname "$(command -v sbatch)")")/calls\nchmod 0 "$calls"\necho 1 >a.txt\n`,
  })
  const told = await tell(box, ['materialize'])
  expect(told.code, told.words).toBe(0)
  expect(told.words).toContain('which jobs the payload of job w1 submitted, if any, is not available')
  expect((await recordOf(box)).record.waybill['children']).toBeNull()
  expect((await box.waybill(['show'], { cwd: 'ds' })).stdout).toMatch(/submitted: +not available/)
  const [sum] = await usageBy(box, 'asset')
  expect(sum).toMatchObject({ jobs: 1, unknown_jobs: 1 })
})

import { expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { finish, openJobs, recordOf, sandboxWithDataset, schedule, status, tell } from './support/scenario.ts'
import type { JsonResult } from './support/scenario.ts'

/** Schedules the lines of a batch in `ds`. */
async function batch(
  box: Sandbox,
  lines: readonly (object | string)[],
  options: readonly string[] = [],
): Promise<Awaited<ReturnType<typeof tell>>> {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  return tell(box, ['schedule', ...options, '--batch', '-'], { input: `${text}\n` })
}

function byLine(results: readonly JsonResult[]): ReadonlyMap<number, JsonResult> {
  return new Map(results.map((one) => [Number((one as { line?: number }).line), one]))
}

async function allEnded(box: Sandbox, results: readonly JsonResult[]): Promise<void> {
  for (const { slurm_job_id: id } of results) {
    if (id === undefined) continue
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
}

test('a batch submits its lines in order, each with its own options, and records them as one by one', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/in.txt', 'in\n')
  await box.run(['sh', '-c', 'git add in.txt && git commit -qm in'], { cwd: 'ds' })
  const told = await batch(
    box,
    [
      {
        command: ['sbatch', 'job.sh', 'mkdir -p a; cat in.txt >a/x'],
        outputs: ['a'],
        inputs: ['in.txt'],
        message: 'first',
      },
      '',
      { command: ['sbatch', '--array=0-2', 'job.sh', 'echo 1 >b$SLURM_ARRAY_TASK_ID'], outputs: ['b{task}'] },
      { command: 'sbatch job.sh "echo 1 >\'c d\'"', outputs: ['c d'] },
      { command: ['sh', '-c', 'echo local >e'], outputs: ['e'] },
    ],
    ['-m', 'all the others'],
  )
  expect(told.code, told.words).toBe(0)
  const ids = told.results.map(({ slurm_job_id: id }) => id).filter((id) => id !== undefined)
  expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  expect([...byLine(told.results).keys()]).toEqual([1, 3, 4, 5])
  await allEnded(box, told.results)
  await finish(box)
  expect(await openJobs(box)).toEqual([])
  const subjects = await box.git('ds', 'log', '--format=%s', '-4')
  expect(subjects.match(/Completed/g)).toHaveLength(3)
  const first = await recordOf(box, `:/Slurm job ${ids[0]}: Completed`)
  expect(first.message).toContain('\nfirst\n')
  expect(first.record).toMatchObject({ inputs: ['in.txt'], outputs: expect.arrayContaining(['a']) })
  expect(first.record.waybill['inputs']).toEqual([
    { path: 'in.txt', blob: (await box.git('ds', 'rev-parse', 'HEAD:in.txt')).trim() },
  ])
  expect((await recordOf(box, `:/Slurm job ${ids[2]}: Completed`)).message).toContain('\nall the others\n')
  expect(box.read('ds/c d')).toBe('1\n')
  expect(await status(box)).toBe('')
  // What Slurm said of each at submission was kept, for the time when it has forgotten it.
  expect(box.exists(`ds/slurm-job-${ids[2]}.env.json`)).toBe(true)
})

test('a line that cannot be scheduled is told with its number, and the others go on', async () => {
  await using box = await sandboxWithDataset()
  await schedule(box, ['-o', 'taken', 'sbatch', '--hold', 'job.sh', 'true'])
  const told = await batch(box, [
    { command: ['sbatch', 'job.sh', 'echo 1 >a'], outputs: ['a'] },
    'no json',
    { comand: [] },
    { command: ['sbatch', 'job.sh', 'true'], outputs: ['b'], inptus: [] },
    { command: ['sbatch', 'job.sh', 'true'], outputs: ['taken/x'] },
    { command: ['sbatch', 'job.sh', 'true'], outputs: ['a/twice'] },
    { command: ['sbatch', '-p', 'nowhere', 'job.sh', 'true'], outputs: ['c'] },
    { command: ['sbatch', 'job.sh', 'true'], outputs: ['d'], inputs: ['absent'] },
    { command: ['sbatch', 'missing.sh'], outputs: ['e'] },
    { command: ['sbatch', '--wait', 'job.sh', 'true'], outputs: ['f'] },
    { command: ['sbatch', 'job.sh', 'true'] },
    { command: ['sbatch', 'job.sh', 'echo 1 >z'], outputs: ['z'] },
  ])
  expect(told.code).toBe(1)
  const lines = byLine(told.results)
  const failed = [...lines].filter(([, { status: how }]) => how === 'impossible').map(([line]) => line)
  expect(failed.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  for (const [line, words] of [
    [2, 'line 2: this is not JSON'],
    [3, 'no "command"'],
    [4, 'there is no option inptus; known are'],
    [5, 'conflicts with taken'],
    [6, 'conflicts with a'],
    [7, 'invalid partition'],
    [8, 'input absent does not exist'],
    [9, 'missing.sh cannot be read'],
    [10, '--wait'],
    [11, 'at least one output'],
  ] as const) {
    expect(lines.get(line)?.message, `${line}`).toContain(words)
  }
  await allEnded(
    box,
    [lines.get(1), lines.get(12)].flatMap((one) => one ?? []),
  )
  expect(box.read('ds/z')).toBe('1\n')
  // Nothing stays reserved of what failed.
  const again = await batch(box, [{ command: ['sbatch', 'job.sh', 'true'], outputs: ['c'] }])
  expect(again.code, again.words).toBe(0)
})

test('wrong usage is told before anything is opened', async () => {
  await using box = await sandboxWithDataset()
  const beside = await tell(box, ['schedule', '--batch', 'x', '-o', 'a', 'sbatch', 'job.sh'])
  expect(beside.code).toBe(2)
  expect(beside.stderr).toContain('give no command beside it')
  const neither = await tell(box, ['schedule', '-o', 'a'])
  expect(neither.code).toBe(2)
  expect(neither.stderr).toContain('--batch FILE')
  const absent = await tell(box, ['schedule', '--batch', 'nowhere.jsonl'])
  expect(absent.code).toBe(1)
  expect(absent.stderr).toContain('nowhere.jsonl cannot be read')
})

test('odd words, directories and scripts reach sbatch as they are, hundreds in one process', async () => {
  await using box = await sandboxWithDataset()
  const odd = ['a b', '-dash', 'new\nline', '$HOME `id` "q" \'s\'', 'ümläut', '{{braces}}', '*', '']
  const lines = Array.from({ length: 130 }, (_, i) => ({
    command: ['sbatch', '-o', '/dev/null', 'job.sh', `printf %s "$2" >out/${i}`, odd[i % odd.length]],
    outputs: [`out/${i}`],
  }))
  await box.run(['mkdir', 'out'], { cwd: 'ds' })
  const told = await batch(box, lines)
  expect(told.code, told.words).toBe(0)
  for (const { slurm_job_id: id } of told.results) if (id !== undefined) await jobEnded(box, id)
  expect(lines.every((_, i) => box.exists(`ds/out/${i}`))).toBe(true)
  for (const [i, text] of [
    'a b',
    '-dash',
    'new\nline',
    '$HOME `id` "q" \'s\'',
    'ümläut',
    '{braces}',
    '*',
    '',
  ].entries())
    expect(box.read(`ds/out/${i}`), JSON.stringify(text)).toBe(text)
}, 120_000)

test('a dry run of a batch shows each plan and submits nothing', async () => {
  await using box = await sandboxWithDataset()
  const told = await batch(
    box,
    [{ command: ['sbatch', 'job.sh', '1'], outputs: ['a'] }],
    ['--dry-run', 'basic'],
  )
  expect(told.code).toBe(0)
  expect(told.words).toContain('line 1: sbatch job.sh 1')
  expect(await openJobs(box)).toEqual([])
})

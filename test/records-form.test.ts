import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { datalad, slurmSubmit } from './support/datalad.ts'
import { jobAccounted, jobEnded, jobIs } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
} from './support/scenario.ts'

/** The lines of a message between DataLad's markers, as they are. */
function jsonOf(message: string): string {
  return message.split('=== Do not change lines below ===\n')[1]?.split('\n^^^ Do not')[0] ?? ''
}

/** What Python makes of a record's text: the types of its values by key, and the text that DataLad would write of it. */
async function asPython(
  box: Sandbox,
  json: string,
): Promise<{ readonly dumped: string; readonly types: Record<string, string> }> {
  const program = `import json, sys
record = json.load(sys.stdin)
print(json.dumps({
  'dumped': json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False),
  'types': {key: type(value).__name__ for key, value in record.items()},
}))`
  const ran = await box.run(['/usr/bin/python3', '-c', program], {
    input: json,
    env: { PYTHONIOENCODING: 'utf-8:surrogatepass' },
  })
  return JSON.parse(ran.stdout) as { dumped: string; types: Record<string, string> }
}

describe('the form of a record', () => {
  let box: Sandbox
  let slow: { readonly id: number }
  beforeAll(async () => {
    box = await sandboxWithDataset({ annex: 'wheel' })
    await addFiles(box, 'ds', { kept: 'kept\n', late: 'late\n' })
    slow = await schedule(box, ['-o', 'late', 'sbatch', '--time=1', '-o', '/dev/null', 'job.sh', 'sleep 600'])
    await jobIs(box, slow.id, 'RUNNING')
    // The controller looks at its limits from time to time: the test that needs it comes last.
    await box.run(['scontrol', 'update', `JobId=${slow.id}`, 'EndTime=now'])
  })
  afterAll(async () => box.dispose())

  test('is what Python writes of it, byte for byte', async () => {
    const folder = 'o ü 𝒳 "q" \\ \u007f'
    const work = `mkdir -p '${folder}'; echo 1 >'${folder}/a'`
    box.write('ds/in put', 'x\n')
    const message = 'words\nüber "quotes"'
    const { job } = await scheduleToEnd(box, [
      '-i',
      'in put',
      '-o',
      folder,
      '-m',
      message,
      'sbatch',
      'job.sh',
      work,
    ])
    await finish(box, [job])
    const json = jsonOf((await recordOf(box)).message)
    expect(json).toContain('𝒳')
    expect((await asPython(box, json)).dumped).toBe(json)
  })

  test('has the keys and types of datalad-slurm', async () => {
    const words = ['-i', 'job.sh', '-o', 'typed', 'sbatch', 'job.sh', 'mkdir -p typed; date +%N >typed/a']
    const { job } = await scheduleToEnd(box, words)
    await finish(box, [job])
    const ours = await asPython(box, jsonOf((await recordOf(box)).message))
    const id = await slurmSubmit(box, ['slurm-schedule', ...words])
    await jobAccounted(box, id)
    await datalad(box, 'new', ['slurm-finish'])
    const theirs = await asPython(box, jsonOf((await recordOf(box)).message))
    const { waybill, commit_id: commit, ...shared } = ours.types
    expect(shared).toEqual(theirs.types)
    expect({ waybill, commit }).toEqual({ waybill: 'dict', commit: 'str' })
  })

  test('has the title and paragraphs of datalad-slurm', async () => {
    const { id } = await scheduleToEnd(box, [
      '-o',
      'said',
      '-m',
      'why\n\nwhy more',
      'sbatch',
      'job.sh',
      'date +%N >said',
    ])
    await finish(box, ['-m', 'at the end', String(id)])
    const { message } = await recordOf(box)
    expect(message.split('\n=== Do not')[0]).toBe(
      `[DATALAD SLURM RUN] Slurm job ${id}: Completed\n\nat the end\n\nwhy\n\nwhy more\n`,
    )
  })

  const failures: readonly (readonly [title: string, array: string, work: string])[] = [
    ['Failed', '', 'exit 3'],
    ['Array failed (some complete)', '--array=0-1', 'exit $SLURM_ARRAY_TASK_ID'],
    ['Failed', '--array=1-2', 'exit $SLURM_ARRAY_TASK_ID'],
  ]
  test.each(failures)(
    'says "%s" of a job that is committed though it failed (%s)',
    async (title, array, work) => {
      const words = [
        '-o',
        'bad',
        'sbatch',
        ...(array === '' ? [] : [array]),
        'job.sh',
        `echo x >>bad; ${work}`,
      ]
      const { id } = await scheduleToEnd(box, words)
      await finish(box, ['--commit-failed-jobs', String(id)])
      expect((await recordOf(box)).title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: ${title}`)
    },
  )

  test('says "Array failed (multiple causes)" when one task failed and one was cancelled', async () => {
    const work = 'test $SLURM_ARRAY_TASK_ID = 1 && exit 1; sleep 600'
    const { id } = await schedule(box, [
      '-o',
      'bad',
      'sbatch',
      '--array=1-2',
      '-o',
      '/dev/null',
      'job.sh',
      work,
    ])
    await jobIs(box, `${id}_2`, 'RUNNING')
    await jobIs(box, `${id}_1`, 'FAILED')
    await box.run(['scancel', `${id}_2`])
    await jobEnded(box, id)
    await finish(box, ['--accept-failed-jobs', String(id)])
    expect((await recordOf(box)).title).toBe(
      `[DATALAD SLURM RUN] Slurm job ${id}: Array failed (multiple causes)`,
    )
  })

  test('says "Cancelled" of a cancelled job', async () => {
    const { id } = await schedule(box, ['-o', 'kept', 'sbatch', '--hold', 'job.sh', 'true'])
    await box.run(['scancel', String(id)])
    await jobEnded(box, id)
    await finish(box, ['--commit-failed-jobs', String(id)])
    expect((await recordOf(box)).title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Cancelled`)
  })

  test('says "Timeout" of a job that took too long', async () => {
    expect(await jobEnded(box, slow.id)).toEqual(['TIMEOUT'])
    await finish(box, ['--commit-failed-jobs', String(slow.id)])
    expect((await recordOf(box)).title).toBe(`[DATALAD SLURM RUN] Slurm job ${slow.id}: Timeout`)
  })
})

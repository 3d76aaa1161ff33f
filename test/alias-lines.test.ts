import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { datalad } from './support/datalad.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Ran } from './support/programs.ts'
import type { RunOptions, Sandbox } from './support/sandbox.ts'
import { newestJob } from './support/datalad.ts'
import { addFiles, sandboxWithDataset } from './support/scenario.ts'

/** The original, and the alias, each in a dataset of its own. */
type Side = 'theirs' | 'ours'
const sides = ['theirs', 'ours'] as const

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset({ annex: 'wheel' })
  await addFiles(box, 'ds', {
    'slurm.sh': '#!/bin/sh\nmkdir -p "$1"\necho "$1" >"$1/x"\nexit "${2:-0}"\n',
    'sub/slurm.sh': '#!/bin/sh\necho 1 >"$1"\n',
  })
  for (const side of sides) await box.run(['git', 'clone', '-q', 'ds', side])
  for (const side of sides) await box.git(side, 'annex', 'init', '-q')
})
afterAll(async () => box.dispose())

async function run(side: Side, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const where = { cwd: side, ...options, allowFailure: true }
  if (side === 'theirs') return datalad(box, 'new', words, where)
  const env = { WAYBILL_FACTS_WAIT: '0', ...options.env }
  return box.waybill(words, { ...where, env })
}

/** Lines without what differs between two runs of anything: ids, the dataset's path, the order of files. */
function comparable(side: Side, text: string): readonly string[] {
  const lines = text
    .replaceAll(box.path(side), 'DATASET')
    .replaceAll(/\b\d{2,}\b/g, 'ID')
    .split('\n')
  return lines.toSorted()
}

/** The same, without the message: what stands in the way is said in words of our own. */
function withoutWords(side: Side, text: string): readonly string[] {
  return comparable(side, text).map((line) => line.replace(/ \[.*/, ''))
}

async function scheduled(side: Side, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await run(side, ['slurm-schedule', ...words], options)
  const id = await newestJob(box)
  await jobEnded(box, id)
  await jobAccounted(box, id)
  return ran
}

async function bothSay(
  what: (side: Side) => Promise<Ran>,
  read: typeof comparable = comparable,
): Promise<readonly string[]> {
  const [theirs, ours] = [await what('theirs'), await what('ours')]
  expect(ours.code).toBe(theirs.code)
  expect(read('ours', ours.stdout)).toEqual(read('theirs', theirs.stdout))
  return read('ours', ours.stdout)
}

describe('the aliases say what the originals say', () => {
  test('slurm-schedule: one line, and what sbatch says stays out of it', async () => {
    const lines = await bothSay((side) =>
      scheduled(side, ['-o', 'a', '-m', 'text', 'sbatch', 'slurm.sh', 'a']),
    )
    expect(lines).toEqual(['', 'slurm-schedule(ok): DATASET (dataset) [sbatch slurm.sh a]'])
    await bothSay((side) => scheduled(side, ['-o', 'b', 'sbatch', 'slurm.sh', 'b', '3']))
  })

  test('slurm-schedule that cannot be', async () => {
    for (const words of [
      ['-o', 'a', 'sbatch', 'slurm.sh', 'a'],
      ['sbatch', 'slurm.sh', 'c'],
      ['-o', 'c', 'sbatch', 'none.sh', 'c'],
    ]) {
      const lines = await bothSay((side) => run(side, ['slurm-schedule', ...words]), withoutWords)
      expect(lines).toContain('slurm-schedule(impossible): DATASET (dataset)')
    }
  })

  test('slurm-schedule --dry-run command', async () => {
    const words = ['-o', 'c', '-i', 'slurm.sh', '--dry-run', 'command', 'sbatch', '{inputs}', '{outputs}']
    await bothSay(
      (side) => run(side, ['slurm-schedule', ...words]),
      // Theirs writes an output as './c', and all that it filled in between quotes.
      (side, text) => comparable(side, text.replace('./', '').replaceAll("'", '')),
    )
  })

  test('slurm-finish -l, and what is left after slurm-finish', async () => {
    const list = await bothSay((side) => run(side, ['slurm-finish', '-l']))
    expect(list).toContainEqual(expect.stringMatching(/^ID +COMPLETED$/))
    const lines = await bothSay((side) => run(side, ['slurm-finish']))
    expect(lines).toContain('save(ok): . (dataset)')
    expect(lines).toContain(
      'slurm-finish(impossible): [Slurm job(s) for job ID are not complete.Statuses: ID: FAILED]',
    )
    expect(lines).toContain('  slurm-finish (impossible: 1)')
    await bothSay((side) => run(side, ['slurm-finish', '--list-open-jobs']))
    const closed = await bothSay((side) => run(side, ['slurm-finish', '--close-failed-jobs', '--explicit']))
    expect(closed).toContain('slurm-finish(ok): [Closing failed / cancelled jobs. Statuses: ID: FAILED]')
  })

  test('with nothing open, nothing', async () => {
    expect(await bothSay((side) => run(side, ['slurm-finish', '-l']))).toEqual([''])
    expect(await bothSay((side) => run(side, ['slurm-finish']))).toEqual([''])
  })

  test('slurm-reschedule, and the message of its record', async () => {
    const lines = await bothSay(async (side) => {
      const ran = await run(side, ['slurm-reschedule', '-J', '2'])
      await jobEnded(box, await newestJob(box))
      await jobAccounted(box, await newestJob(box))
      // Theirs counts what it looked at and did not unlock.
      return { ...ran, stdout: ran.stdout.replace(/action summary:[^]*/, '') }
    })
    expect(lines).toContain('slurm-schedule(ok): DATASET (dataset) [sbatch slurm.sh a]')
    await bothSay((side) => run(side, ['slurm-finish']))
    const [theirs, ours] = await Promise.all(sides.map((side) => box.git(side, 'log', '-1', '--format=%B')))
    const title = /^\[DATALAD SLURM RUN\] Slurm job \d+: Completed$/m
    for (const message of [theirs, ours]) expect(message).toMatch(title)
    for (const message of [theirs, ours]) expect(message).toMatch(/^Re-submission of job \d+\.$/m)
    expect(ours).toMatch(/^text$/m)
  })

  test('slurm-reschedule --script -: the script alone on standard output', async () => {
    const scripts = await Promise.all(
      sides.map(async (side) => (await run(side, ['slurm-reschedule', '--since=', '--script', '-'])).stdout),
    )
    for (const script of scripts) expect(script).toMatch(/^#!\/bin\/sh\n/)
    for (const script of scripts) expect(script.match(/^sbatch slurm\.sh a$/gm)?.length).toBe(2)
  })

  test('slurm-reschedule where nothing can be', async () => {
    await Promise.all(sides.map((side) => box.git(side, 'commit', '-q', '--allow-empty', '-m', 'no record')))
    const lines = await bothSay((side) => run(side, ['slurm-reschedule']), withoutWords)
    expect(lines).toContain('slurm-reschedule(impossible): DATASET (dataset)')
  })

  test('-d only finds the dataset: the job runs where one stands', async () => {
    await bothSay((side) =>
      scheduled(side, ['-d', '..', '-o', 'e', 'sbatch', 'slurm.sh', 'e'], { cwd: `${side}/sub` }),
    )
    await bothSay((side) => run(side, ['slurm-finish', '-d', box.path(side)], { cwd: '.' }))
    const records = await Promise.all(
      sides.map(async (side) =>
        JSON.parse(/\{[^]*\n\}/.exec(await box.git(side, 'log', '-1', '--format=%B'))?.[0] ?? ''),
      ),
    )
    for (const record of records) expect(record).toMatchObject({ pwd: 'sub', cmd: 'sbatch slurm.sh e' })
    for (const record of records) expect((record as { outputs: string[] }).outputs[0]).toBe('sub/e')
  })
})

describe('the aliases take what the originals take', () => {
  test('a job by --slurm-job-id', async () => {
    await bothSay((side) => scheduled(side, ['-o', 'f', 'sbatch', 'slurm.sh', 'f']))
    for (const side of sides) {
      const id = (await run(side, ['slurm-finish', '-l'])).stdout.match(/^\d+/m)?.[0] ?? ''
      const done = await run(side, ['slurm-finish', '--slurm-job-id', id, '-m', 'more'])
      expect(done).toMatchObject({ code: 0 })
      expect(done.stdout).toContain('save(ok): . (dataset)\n')
      expect(await box.git(side, 'log', '-1', '--format=%B')).toContain('\n\nmore\n')
    }
  })

  test('every option of theirs, by both spellings', async () => {
    for (const name of ['slurm-schedule', 'slurm-finish', 'slurm-reschedule']) {
      const [theirs, ours] = [await run('theirs', [name, '--help-np']), await run('ours', [name, '--help'])]
      const flags = new Set(theirs.stdout.match(/(?<=^ *(?:-\w(?: \w+)?, )?)--?[a-z][\w-]*/gim))
      const known = new Set(ours.stdout.match(/(?<![\w-])--?[a-z][\w-]*/gi))
      // Help without a pager, and the version of a module.
      const missing = [...flags].filter((flag) => !known.has(flag) && !/^--(help-np|version)$/.test(flag))
      expect({ name, missing, some: flags.size > 8 }).toEqual({ name, missing: [], some: true })
    }
  })

  test('-f json prints objects with their action names, -f disabled nothing, --on-failure ignore ends with 0', async () => {
    const job = ['-o', 'a', 'sbatch', 'none.sh']
    const json = await run('ours', ['slurm-schedule', '-f', 'json', ...job])
    expect(JSON.parse(json.stdout)).toMatchObject({ action: 'slurm-schedule', status: 'impossible' })
    const pretty = await run('ours', ['slurm-schedule', '-f', 'json_pp', ...job])
    expect(JSON.parse(pretty.stdout)).toEqual(JSON.parse(json.stdout))
    expect(pretty.stdout.split('\n').length).toBeGreaterThan(5)
    expect(await run('ours', ['slurm-schedule', '-f', 'disabled', ...job])).toMatchObject({
      stdout: '',
      code: 1,
    })
    expect(await run('ours', ['slurm-schedule', '--on-failure', 'ignore', ...job])).toMatchObject({ code: 0 })
  })

  test('--parsable keeps the id alone on standard output, where theirs cannot', async () => {
    const ran = await scheduled('ours', ['-o', 'g', '-J', 'auto', 'sbatch', '--parsable', 'slurm.sh', 'g'])
    expect(ran.stdout).toMatch(/^\d+\n$/)
    expect(ran.stderr).toContain('slurm-schedule(ok): ')
  })

  test('what sbatch said is found beside the results', async () => {
    const ran = await scheduled('ours', ['-o', 'h', 'sbatch', 'slurm.sh', 'h'])
    expect(ran.stderr).toMatch(/^Submitted batch job \d+\n$/)
  })
})

test('slurm-finish --octopus: a line for each file and record, none for the merge', async () => {
  // Whatever the tests above have left open.
  for (const side of sides) await run(side, ['slurm-finish', '--close-failed-jobs'])
  for (const output of ['o1', 'o2'])
    for (const side of sides) await scheduled(side, ['-o', output, 'sbatch', 'slurm.sh', output])
  const lines = await bothSay((side) => run(side, ['slurm-finish', '--octopus']))
  expect(lines.filter((line) => line === 'save(ok): . (dataset)')).toHaveLength(2)
})

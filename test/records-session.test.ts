import { basename } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { datalad, newestJob } from './support/datalad.ts'
import { makeGate, type Gate } from './support/gate.ts'
import { jobAccounted, jobEnded, jobIs } from './support/job.ts'
import { Sandbox } from './support/sandbox.ts'
import { addFiles } from './support/scenario.ts'

const models = ['gold', 'silver', 'bronze', 'platinum'] as const
type Model = (typeof models)[number]

/** The scripts of the DataLad handbook's example: what each makes, and how it ends. */
function scriptOf(model: Model, name: string, gate: Gate): string {
  const folder = `models/abrupt/${model}/05_02`
  const body: Record<Model, string> = {
    gold: `printf '\\0gold' >${folder}/model_0.model.gz`,
    silver: `${gate.line}\nprintf '\\0silver' >${folder}/model_0.model.gz\nprintf '\\0scaler' >${folder}/model.scaler.gz`,
    bronze: 'echo "no data for bronze" >&2\nexit 1',
    platinum: `printf '\\0' >${folder}/model_$SLURM_ARRAY_TASK_ID.model.gz\ntest "$SLURM_ARRAY_TASK_ID" -lt 2`,
  }
  const head: Record<Model, string> = {
    gold: `--output=${folder}/slurm-%j.out`,
    silver: `--output=${folder}/slurm-%j.out --job-name=${name}`,
    bronze: `--output=${folder}/slurm-%j.out`,
    // Waits for silver, which stands at the gate.
    platinum: `--output=${folder}/slurm-%A_%a.out --array=0-2 --job-name=${name} --dependency=singleton`,
  }
  return `#!/bin/sh\n#SBATCH ${head[model]}\n${body[model]}\n`
}

interface Session {
  readonly ids: Readonly<Record<Model, number>>
  readonly list: string
  readonly finish: string
  readonly close: string
  readonly log: string
  readonly silver: string
}

/** Runs the whole session with one of the two programs, and gives what it printed. */
async function runSession(program: 'waybill' | 'datalad'): Promise<Session> {
  await using box = await Sandbox.create({ annex: 'wheel' })
  await box.dataset('ds')
  const gate = makeGate(box)
  const unique = `${program}-${basename(box.path('..'))}`
  await addFiles(
    box,
    'ds',
    Object.fromEntries(
      models.flatMap((model) => [
        [`submit_${model === 'platinum' ? 'array_' : ''}${model}.slurm`, scriptOf(model, unique, gate)],
        // Slurm does not make folders.
        [`models/abrupt/${model}/05_02/.keep`, ''],
      ]),
    ),
  )
  const say = async (command: string, ...words: string[]): Promise<string> => {
    const options = { cwd: 'ds', allowFailure: true }
    const ran =
      program === 'waybill'
        ? await box.waybill([command, ...words], options)
        : await datalad(box, 'new', [`slurm-${command}`, ...words], options)
    return ran.stdout
  }
  const ids: Record<string, number> = {}
  for (const model of models) {
    const script = `submit_${model === 'platinum' ? 'array_' : ''}${model}.slurm`
    await say('schedule', '-o', `models/abrupt/${model}/`, 'sbatch', script)
    ids[model] = await newestJob(box)
  }
  const { gold = 0, silver = 0, bronze = 0, platinum = 0 } = ids
  for (const id of [gold, bronze]) await jobAccounted(box, id)
  await jobIs(box, silver, 'RUNNING')
  const list = await say('finish', '--list-open-jobs')
  await gate.open()
  for (const id of [silver, platinum]) await jobEnded(box, id)
  await jobAccounted(box, silver)
  // The tasks of an array come to accounting one by one.
  while ((await jobAccounted(box, platinum)).length < 3);
  return {
    ids: { gold, silver, bronze, platinum },
    list,
    finish: await say('finish'),
    close: await say('finish', '--close-failed-jobs'),
    log: await box.git('ds', 'log', '--format=%s'),
    silver: await box.git('ds', 'log', '-1', '--format=%B'),
  }
}

describe('the example session of the DataLad handbook', () => {
  let ours: Session
  let theirs: Session
  beforeAll(async () => {
    ours = await runSession('waybill')
    theirs = await runSession('datalad')
  })

  test('lists the open jobs while one runs and one waits', () => {
    const { gold, silver, bronze, platinum } = ours.ids
    expect(ours.list.split('\n')).toEqual([
      'The following jobs are open:',
      'slurm-job-id   slurm-job-status',
      `${gold}`.padEnd(10) + ' COMPLETED',
      `${silver}`.padEnd(10) + ' RUNNING',
      `${bronze}`.padEnd(10) + ' FAILED',
      `${platinum}`.padEnd(10) + ' PENDING',
      '',
    ])
  })

  test('finishes what completed, and says of the others how they ended', () => {
    const { gold, silver, bronze, platinum } = ours.ids
    expect(ours.finish.split('\n')).toEqual([
      `add(ok): models/abrupt/gold/05_02/slurm-${gold}.out (file)`,
      `add(ok): models/abrupt/gold/05_02/slurm-job-${gold}.env.json (file)`,
      'add(ok): models/abrupt/gold/05_02/model_0.model.gz (file)',
      'save(ok): . (dataset)',
      `add(ok): models/abrupt/silver/05_02/slurm-${silver}.out (file)`,
      `add(ok): models/abrupt/silver/05_02/slurm-job-${silver}.env.json (file)`,
      'add(ok): models/abrupt/silver/05_02/model.scaler.gz (file)',
      'add(ok): models/abrupt/silver/05_02/model_0.model.gz (file)',
      'save(ok): . (dataset)',
      `finish(impossible): [Slurm job(s) for job ${bronze} are not complete.Statuses: ${bronze}: FAILED]`,
      `finish(impossible): [Slurm job(s) for job ${platinum} are not complete.Statuses: ${platinum}_0: COMPLETED, ${platinum}_1: COMPLETED, ${platinum}_2: FAILED]`,
      'action summary:',
      '  add (ok: 7)',
      '  finish (impossible: 2)',
      '  save (ok: 2)',
      '',
    ])
  })

  test('closes the failed jobs', () => {
    const { bronze, platinum } = ours.ids
    expect(ours.close.split('\n')).toEqual([
      `finish(ok): [Closing failed / cancelled jobs. Statuses: ${bronze}: FAILED]`,
      `finish(ok): [Closing failed / cancelled jobs. Statuses: ${platinum}_0: COMPLETED, ${platinum}_1: COMPLETED, ${platinum}_2: FAILED]`,
      'action summary:',
      '  finish (ok: 2)',
      '',
    ])
  })

  test('leaves one commit a job in the history', () => {
    const { gold, silver } = ours.ids
    expect(ours.log.split('\n').slice(0, 3)).toEqual([
      `[DATALAD SLURM RUN] Slurm job ${silver}: Completed`,
      `[DATALAD SLURM RUN] Slurm job ${gold}: Completed`,
      'Add files',
    ])
  })

  test('writes the record of the example', () => {
    const { silver } = ours.ids
    const folder = 'models/abrupt/silver/05_02'
    const record = JSON.parse(/^\{[^]*^\}/m.exec(ours.silver)?.[0] ?? '') as Record<string, unknown>
    const { waybill: _waybill, dsid, commit_id: commit, ...rest } = record
    expect(rest).toEqual({
      alt_dir: '',
      chain: [],
      cmd: 'sbatch submit_silver.slurm',
      extra_inputs: [],
      inputs: [],
      outputs: [
        'models/abrupt/silver',
        `${folder}/slurm-${silver}.out`,
        `${folder}/slurm-job-${silver}.env.json`,
      ],
      pwd: '.',
      slurm_job_id: silver,
      slurm_outputs: [`${folder}/slurm-${silver}.out`, `${folder}/slurm-job-${silver}.env.json`],
    })
    expect(dsid).toMatch(/^[\da-f-]{36}$/)
    expect(commit).toMatch(/^[\da-f]{40}$/)
  })

  test('prints, but for their order, the lines that datalad-slurm prints', () => {
    const anonymous = ({ ids }: Session, text: string): readonly string[] =>
      Object.entries(ids)
        .reduce(
          (so, [model, id]) => so.replaceAll(String(id).padEnd(10), model).replaceAll(String(id), model),
          text,
        )
        .replaceAll('slurm-finish', 'finish')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => line.trimEnd())
        .toSorted()
    expect(anonymous(ours, ours.finish)).toEqual(anonymous(theirs, theirs.finish))
    expect(anonymous(ours, ours.close)).toEqual(anonymous(theirs, theirs.close))
    expect(anonymous(ours, ours.log)).toEqual(anonymous(theirs, theirs.log))
  })
})

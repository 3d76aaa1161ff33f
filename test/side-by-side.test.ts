import { expect, test } from 'vitest'
import { slurmFinish, slurmSubmit } from './support/datalad.ts'
import { makeGate } from './support/gate.ts'
import type { Sandbox } from './support/sandbox.ts'
import { openJobs, sandboxWithDataset, schedule, status, tell } from './support/scenario.ts'

const id = '15523a4c-9af9-4e60-b9c0-41156ca59c7b'

/** Writes a database as a release of datalad-slurm would: statements for SQLite. */
async function writeDatabase(box: Sandbox, name: string, sql: string): Promise<void> {
  const script = `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec(process.argv[2])`
  await box.run(['node', '-e', script, '--', `.git/${name}`, sql], { cwd: 'ds' })
}

/** What the first releases had: no alt_dir, no locked names. */
const oldTable = 'CREATE TABLE open_jobs (slurm_job_id INTEGER, cmd TEXT, outputs TEXT, pwd TEXT);'

test("datalad-slurm's open jobs: their outputs are taken, jobs mentions them, and finish leaves them alone", async () => {
  await using box = await sandboxWithDataset()
  await box.run(['mkdir', 'ds/sub'])
  const gate = makeGate(box)
  const theirs = await slurmSubmit(
    box,
    ['slurm-schedule', '-o', 'out', '-o', '../top.txt', 'sbatch', '../job.sh', `${gate.line}; echo 1 >out`],
    { cwd: 'ds/sub' },
  )
  for (const taken of ['sub/out', './sub', 'sub/out/below', 'top.txt', 's*/out', '.']) {
    const told = await tell(box, ['schedule', '-o', taken, '--reserve-all', 'true'])
    expect(told.code, taken).toBe(1)
    expect(told.words).toContain(`of job ${theirs} of datalad-slurm, which is open`)
    expect((await tell(box, ['run', '--dry-run', 'basic', '-o', taken, '--reserve-all', 'true'])).code).toBe(
      1,
    )
  }
  expect((await tell(box, ['run', '-o', 'other', 'sh', '-c', 'echo 1 >other'])).code).toBe(0)
  const listed = await box.waybill(['jobs'], { cwd: 'ds' })
  expect(listed.stdout).toContain(
    `[1 open job of datalad-slurm: ${theirs}; finish it with \`datalad slurm-finish\`]\nno open jobs\n`,
  )
  expect((await box.waybill(['finish', '-l'], { cwd: 'ds' })).stdout).toContain(`datalad-slurm: ${theirs}`)
  await gate.open()
  expect((await tell(box, ['finish'])).code).toBe(0)
  await slurmFinish(box, theirs)
  expect(await status(box)).toBe('')
  await schedule(box, ['-o', 'sub/out', 'true'])
  expect((await box.waybill(['jobs'], { cwd: 'ds' })).stdout).not.toContain('datalad-slurm')
})

test.each([`${id}.db`, 'datalad-slurm.db', `dataset-slurm-${id}.db`, `${id}_main.db`])(
  'a database by the name %s counts, whatever release wrote it',
  async (name) => {
    await using box = await sandboxWithDataset()
    const row = `INSERT INTO open_jobs VALUES (7, 'sbatch a', '["./a/[1]", "b/"]', '.');`
    await writeDatabase(box, name, oldTable + row)
    for (const taken of ['a/[[]1]', 'a', 'b/c']) {
      const told = await tell(box, ['schedule', '-o', taken, 'true'])
      expect(told.words, taken).toContain('of job 7 of datalad-slurm')
    }
    expect((await tell(box, ['schedule', '-o', 'a/1', 'true'])).code).toBe(0)
    expect((await tell(box, ['schedule', '--check-outputs', 'no', '-o', 'b', 'true'])).code).toBe(0)
    // Their files are those of the main worktree alone.
    await box.git('ds', 'worktree', 'add', '-q', '../tree')
    expect((await tell(box, ['schedule', '-o', 'b', 'true'], { cwd: 'tree' })).code).toBe(0)
  },
)

test('an empty database, one without tables, and files of others are in nobody’s way', async () => {
  await using box = await sandboxWithDataset()
  box.write(`ds/.git/${id}.db`, '')
  await writeDatabase(box, 'datalad-slurm.db', 'CREATE TABLE something (x)')
  box.write('ds/.git/notes.db', 'no database')
  expect((await tell(box, ['schedule', '-o', 'x', 'true'])).code).toBe(0)
})

test.each([
  ['no database', async (box: Sandbox) => void box.write(`ds/.git/${id}.db`, 'x'.repeat(2000))],
  [
    'a list that is none',
    async (box: Sandbox) =>
      writeDatabase(box, `${id}.db`, `${oldTable}INSERT INTO open_jobs VALUES (7, 'c', '{', '.');`),
  ],
])('%s refuses, and says which file and what to do; jobs says it too', async (_, spoil) => {
  await using box = await sandboxWithDataset()
  await spoil(box)
  const told = await tell(box, ['schedule', '-o', 'x', 'true'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`${id}.db cannot be read`)
  expect(told.words).toContain('move that file away')
  expect(await openJobs(box)).toEqual([])
  expect((await tell(box, ['jobs'])).code).toBe(1)
})

test('reading waits for one of its transactions, and is in the way of none', async () => {
  await using box = await sandboxWithDataset()
  await writeDatabase(box, `${id}.db`, oldTable)
  const gate = makeGate(box)
  const script = `
    const db = new (require('node:sqlite').DatabaseSync)('.git/${id}.db')
    db.exec("BEGIN EXCLUSIVE; INSERT INTO open_jobs VALUES (7, 'c', '[\\"x\\"]', '.')")
    require('node:fs').readFileSync(process.argv[1])
    setTimeout(() => db.exec('COMMIT'), 300)`
  const writing = box.run(['node', '-e', script, '--', gate.path], { cwd: 'ds' })
  await gate.reached()
  const told = tell(box, ['schedule', '-o', 'x', 'true'])
  await gate.open()
  await writing
  expect((await told).words).toContain('of job 7 of datalad-slurm')
})

test('while another process keeps it locked, schedule refuses and says to try again', async () => {
  await using box = await sandboxWithDataset()
  await writeDatabase(box, `${id}.db`, oldTable)
  const gate = makeGate(box)
  const script = `
    new (require('node:sqlite').DatabaseSync)('.git/${id}.db').exec('BEGIN EXCLUSIVE')
    require('node:fs').readFileSync(process.argv[1])`
  const writing = box.run(['node', '-e', script, '--', gate.path], { cwd: 'ds' })
  await gate.reached()
  const { code, words } = await tell(box, ['schedule', '-o', 'x', 'true'])
  await gate.open()
  await writing
  expect(code).toBe(1)
  expect(words).toContain('try again')
  expect(words).not.toContain('move that file away')
  expect(await openJobs(box)).toEqual([])
})

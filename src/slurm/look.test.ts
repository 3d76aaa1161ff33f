import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { putProgram } from './test-program.ts'
import type { BatchScheduler, JobReference } from '../contract/scheduler.ts'
import { slurmScheduler } from './slurm.ts'

// What no quiet cluster shows: programs that stand for Slurm's answer as they did elsewhere, and note what they were asked.
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'look '))
  mkdirSync(join(dir, 'bin'))
  put('scontrol', 'echo "ClusterName             = home"; echo "MinJobAge               = 300 sec"')
  put('squeue', '')
  put('sacct', '')
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

function put(name: string, body: string): void {
  putProgram(dir, name, body)
}

function scheduler(deadline = 30, now = 1000): BatchScheduler {
  const env = { PATH: `${join(dir, 'bin')}:/usr/bin:/bin`, ASKED: join(dir, 'asked') }
  return slurmScheduler({ env, now: () => now, user: 'ada', deadline })
}

function asked(): readonly string[] {
  return readFileSync(join(dir, 'asked'), 'utf8').split('\n').slice(0, -1)
}

function job(id: string, cluster: string | null = null, user = 'ada'): JobReference {
  return { id, cluster, user, submittedAt: 900, token: 'mine', folder: dir } as JobReference
}

const entry = (name: string, state: string): string =>
  `printf '${name}\\03712\\037${state}\\037None\\037900\\037900\\037950\\0370:50\\037ada\\037p\\037a\\037q\\0371\\0371\\037n1\\037x\\037/w\\037waybill:mine\\036\\n'`

const facts = { depth: 'facts' } as const
const states = { depth: 'states' } as const

test('one question to the queue for all users, and none to accounting when it knows all', async () => {
  put('squeue', `${entry('1', 'RUNNING')}\n${entry('2', 'PENDING')}\n${entry('99', 'RUNNING')}`)
  const look = await scheduler().look([job('1'), job('2', null, 'bob')], facts)
  expect(look).toMatchObject({
    queue: { answered: true, rows: [{ job: '1' }, { job: '2' }] },
    accounting: { answered: false, why: 'not-asked' },
  })
  expect(asked()).toHaveLength(1)
  expect(asked()[0]).toContain('-u ada,bob')
})

test('accounting is asked once for all that is absent, and for what is over only when facts are wanted', async () => {
  put('squeue', `${entry('1', 'COMPLETED')}\n${entry('2', 'RUNNING')}`)
  const jobs = [job('1'), job('2'), job('3'), job('4')]
  await scheduler().look(jobs, states)
  expect(asked().at(-1)).toMatch(/^sacct .*-X .*-j 3,4 /)
  await scheduler().look(jobs, facts)
  expect(asked().at(-1)).toMatch(/^sacct (?!.*-X).*-j 1,3,4 /)
})

test('the queue may have forgotten some tasks of an array once MinJobAge has passed', async () => {
  put('squeue', entry('1_5', 'RUNNING'))
  expect((await scheduler(30, 1199).look([job('1')], states)).accounting).toMatchObject({ why: 'not-asked' })
  expect((await scheduler(30, 1200).look([job('1')], states)).accounting).toMatchObject({ answered: true })
})

test('a question that gets no answer within the deadline has failed', async () => {
  put('squeue', 'exec sleep 100')
  expect((await scheduler(0.2).look([job('1')], states)).queue).toEqual({
    answered: false,
    why: 'failed',
    message: expect.stringMatching(/^squeue did not answer within 0.2 s; Slurm is busy/),
  })
})

test.each([
  ['echo "Slurm accounting storage is disabled" >&2; exit 1', 'off'],
  ['echo "sacct: error: Problem talking to the database: Connection refused" >&2; exit 1', 'failed'],
  ['echo "sacct: error: slurm_persist_conn_open: Connection refused" >&2; exit 0', 'failed'],
])('accounting that says %j is %s', async (body, why) => {
  put('sacct', body)
  const look = await scheduler().look([job('1')], states)
  expect(look).toMatchObject({ queue: { answered: true }, accounting: { answered: false, why } })
})

test('a missing squeue is a failed question, not an exception', async () => {
  rmSync(join(dir, 'bin/squeue'))
  const bare = slurmScheduler({
    env: { PATH: join(dir, 'bin'), ASKED: join(dir, 'asked') },
    now: () => 0,
    user: 'ada',
  })
  expect((await bare.look([job('1')], states)).queue).toMatchObject({ answered: false, why: 'failed' })
})

test('only a cluster that is not ours is named; one that is silent makes all uncertain', async () => {
  put('squeue', `case "$*" in *far*) exit 1;; esac\n${entry('1', 'RUNNING')}`)
  const look = await scheduler().look([job('1'), job('2', 'home'), job('3', 'far')], states)
  expect(look.queue).toMatchObject({ answered: false, why: 'failed' })
  expect(
    asked()
      .filter((line) => line.startsWith('squeue'))
      .map((line) => line.includes('-M')),
  ).toEqual([false, true])
})

test('no jobs, no questions', async () => {
  expect((await scheduler().look([], states)).queue).toMatchObject({ answered: false, why: 'not-asked' })
})

test('very many ids are asked for in pieces', async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => job(`${10_000_000 + i}`))
  await scheduler().look(many, states)
  const questions = asked().filter((line) => line.startsWith('sacct'))
  expect(questions).toHaveLength(2)
  expect(questions.join(',').match(/\b1000\d{4}\b|\b1001\d{4}\b/g)).toHaveLength(20_000)
})

test('very many jobs are let go in pieces, each once', async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => job(`${10_000_000 + i}`))
  expect(await scheduler().release(many)).toEqual({ kind: 'released' })
  const calls = asked().filter((line) => line.startsWith('scontrol release'))
  expect(calls).toHaveLength(2)
  expect(calls.flatMap((line) => line.split(/[ ,]/).filter((word) => /^\d+$/.test(word)))).toEqual(
    many.map(({ id }) => id),
  )
})

test('a cancellation that cannot be verified is not sent', async () => {
  put('squeue', 'echo "slurm_load_jobs error: Socket timed out" >&2; exit 1')
  put('scancel', '')
  expect(await scheduler().cancel([job('1')])).toMatchObject([{ kind: 'failed' }])
  expect(asked().some((line) => line.startsWith('scancel'))).toBe(false)
})

test('what accounting has not heard of a beginning yet the controller says', async () => {
  put('squeue', entry('7', 'COMPLETED'))
  const known = new Map(
    Object.entries({
      JobID: '7',
      User: 'ada',
      State: 'COMPLETED',
      ExitCode: '0:0',
      Submit: '900',
      Eligible: 'Unknown',
      Start: '950',
      End: '960',
      ElapsedRaw: '10',
      TotalCPU: '00:04',
      AllocTRES: 'cpu=2,node=1',
      NNodes: '1',
      QOS: 'Unknown',
      JobName: 'allocation',
    }),
  )
  // It prints the columns that it is asked for.
  put(
    'sacct',
    `while [ "$1" != -o ]; do shift; done
for column in $(printf %s "$2" | tr , ' '); do
  case $column in
${[...known].map(([name, value]) => `    ${name}) printf '%s' '${value}' ;;`).join('\n')}
  esac
  [ "$column" = SubmitLine ] || printf '\\037'
done
echo`,
  )
  const begun = (start: string): string =>
    `echo "JobId=7 JobName=fit"; echo "   Account=lab QOS=long"; echo "   TimeLimit=01:00:00"
echo "   EligibleTime=940"; echo "   StartTime=${start} EndTime=960"; echo "   Partition=work"
echo "   MinCPUsNode=1 MinMemoryCPU=2G"; echo "   JobState=COMPLETED Reason=None"`
  put('scontrol', begun('800'))
  const other = (await scheduler().look([job('7')], facts)).accounting
  expect(other).toMatchObject({ rows: [{ state: 'COMPLETED', ended: null, facts: { cpu_seconds: 4 } }] })
  put('scontrol', begun('950'))
  const same = scheduler()
  const { accounting } = await same.look([job('7')], facts)
  expect(accounting).toMatchObject({
    rows: [
      {
        ended: 960,
        facts: {
          name: 'fit',
          account: 'lab',
          qos: 'long',
          partition: 'work',
          elapsed_seconds: 10,
          queue_wait_seconds: 10,
          time_limit_seconds: 3600,
          requested_memory_bytes: 4 * 1024 ** 3,
          cpu_seconds: 4,
        },
      },
    ],
  })
  // What is known of one that is over need not be asked again.
  const shown = (): number => asked().filter((line) => line.startsWith('scontrol')).length
  const before = shown()
  expect(await same.describe([job('7')])).toMatchObject([{ JobName: 'fit', JobState: 'COMPLETED' }])
  expect(shown()).toBe(before)
})

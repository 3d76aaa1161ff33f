import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { putProgram } from './test-program.ts'
import type { JobReference } from '../contract/scheduler.ts'
import { slurmScheduler } from './slurm.ts'

// Programs that stand for Slurm's, and note what they were asked.
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'brief '))
  mkdirSync(join(dir, 'bin'))
  put(
    'squeue',
    `printf '7\\0377\\037COMPLETED\\037None\\037900\\037950\\037960\\0370:10\\037ada\\037p\\037a\\037q\\0371\\0372\\037n1\\037x\\037/w\\037waybill:mine\\036\\n'`,
  )
  put('sacct', printing())
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

function put(name: string, body: string): void {
  putProgram(dir, name, body)
}

/** A sacct that prints the columns that it is asked for. */
function printing(): string {
  const known = Object.entries({
    JobID: '7',
    State: 'COMPLETED',
    Submit: '900',
    Start: '950',
    End: '960',
    QOS: 'long',
    QOSRAW: '3',
    AllocTRES: 'billing=9,cpu=2,mem=2G,node=1',
    ReqTRES: 'cpu=2,mem=1G,node=1',
    ReqMem: '1G',
    NNodes: '1',
    NCPUS: '2',
    JobName: 'fit',
  })
  return `while [ "$1" != -o ]; do shift; done
for column in $(printf %s "$2" | tr , ' '); do
  case $column in
${known.map(([name, value]) => `    ${name}) printf '%s' '${value}' ;;`).join('\n')}
  esac
  [ "$column" = SubmitLine ] || printf '\\037'
done
echo`
}

function shown(tres: string, start = '950'): string {
  return `echo "JobId=7 JobName=fit"; echo "   JobState=COMPLETED QOS=long"; echo "   StartTime=${start}"; echo "   TRES=${tres}"`
}

async function facts(): Promise<{ readonly facts: unknown; readonly questions: readonly string[] }> {
  rmSync(join(dir, 'asked'), { force: true })
  const env = { PATH: `${join(dir, 'bin')}:/usr/bin:/bin`, ASKED: join(dir, 'asked') }
  const slurm = slurmScheduler({ env, now: () => 1000, user: 'ada' })
  const job = { id: '7', cluster: null, user: 'ada', submittedAt: 900, token: 'mine', folder: dir }
  const { accounting } = await slurm.look([job as JobReference], { depth: 'facts' })
  const asked = readFileSync(join(dir, 'asked'), 'utf8').split('\n').slice(0, -1)
  return {
    facts: accounting.answered ? accounting.rows[0]?.facts : accounting,
    questions: asked.filter((line) => line.startsWith('sacct')),
  }
}

const whole = {
  name: 'fit',
  qos: 'long',
  billing: 9,
  cores: 2,
  nodes: 1,
  allocated_memory_bytes: 2 * 1024 ** 3,
  requested_memory_bytes: 1024 ** 3,
}

test('accounting looks up no names that the controller has said', async () => {
  put('scontrol', shown('cpu=2,mem=2G,node=1,billing=9'))
  const brief = await facts()
  expect(brief.facts).toEqual(whole)
  expect(brief.questions).toHaveLength(1)
  expect(brief.questions[0]).not.toMatch(/TRES|QOS,/)
})

test.each([
  ['has forgotten it', 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1'],
  ['does not answer', 'exit 1'],
  ['knows another run of it', shown('cpu=1,billing=1', '800')],
  ['says nothing of what it was given', shown('(null)')],
  ['has given it GPUs', shown('cpu=2,mem=2G,node=1,billing=9,gres/gpu=1')],
])('accounting says all where the controller %s', async (_, body) => {
  put('scontrol', body)
  const { facts: told, questions } = await facts()
  expect(told).toEqual(whole)
  expect(questions.map((line) => /,AllocTRES,/.test(line))).toEqual([false, true])
})

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hindrance, until } from '../setup/command.ts'
import type { Stage } from './stage.ts'

/** How many records the story ends with. */
export const recordsMade = 4

type Scheduler = 'slurm' | 'local'

/** Runs the jobs: two that succeed, one that fails; their records; one that builds on them; one once more. */
export async function play(stage: Stage, scheduler: Scheduler): Promise<void> {
  scheduleThree(stage, scheduler)
  await waitForJobs(stage, 3)
  recordAndClose(stage, scheduler)
  await buildOnIt(stage, scheduler)
  await runAgain(stage)
}

// A script as one or the other scheduler starts it.
function started(scheduler: Scheduler, script: string, ...args: readonly string[]): readonly string[] {
  return [scheduler === 'slurm' ? 'sbatch' : 'sh', `scripts/${script}`, ...args]
}

function scheduleThree(stage: Stage, scheduler: Scheduler): void {
  const monthly = started(scheduler, 'monthly-means.sh')
  const from = ['-i', 'data/weather.csv', '-i', 'scripts/monthly-means.sh']
  stage.say(
    '1. Three jobs. Each is told what it reads (-i) and what it writes (-o); everything from the first word that is ' +
      'no option is the command. ' +
      (scheduler === 'slurm'
        ? 'It begins with sbatch, so Slurm runs it.'
        : 'It does not begin with sbatch, so it runs as a background process on this machine.'),
  )
  stage.type(
    ['waybill', 'schedule', ...from, '-o', 'results/monthly.csv', '-m', 'Monthly means', ...monthly],
    {
      says: ['schedule(ok)'],
    },
  )
  stage.say(
    'An array, one task a year. Its output is a folder: all that the tasks write there belongs to the job.',
  )
  const array =
    scheduler === 'slurm'
      ? ['sbatch', '--array=12-15', 'scripts/yearly-extremes.sh']
      : ['sh', 'scripts/yearly-extremes.sh']
  const wish = scheduler === 'slurm' ? [] : ['--array', '12-15']
  const input = ['-i', 'data/weather.csv', '-i', 'scripts/yearly-extremes.sh']
  stage.type(['waybill', 'schedule', ...input, '-o', 'results/extremes/', ...wish, ...array], {
    says: ['schedule(ok)'],
  })
  stage.say('One that will fail: no year has a thirteenth month.')
  const report = started(scheduler, 'month-report.sh', '2013-13')
  stage.type(
    ['waybill', 'schedule', '-i', 'data/weather.csv', '-o', 'results/report-2013-13.txt', ...report],
    {
      says: ['schedule(ok)'],
    },
  )
  stage.say(
    'A fourth that would write where the open jobs write is refused, and nothing is submitted (exit code 1).',
  )
  stage.type(['waybill', 'schedule', '-o', 'results/', ...monthly], { code: 1, says: ['conflicts with'] })
}

function recordAndClose(stage: Stage, scheduler: Scheduler): void {
  stage.say(
    '2. `waybill finish` commits what the completed jobs made, one commit a job. The failed job stays open for you to ' +
      'decide about, so the exit code is 1.',
  )
  stage.type(['waybill', 'finish'], {
    code: 1,
    says: [
      'add(ok): results/monthly.csv',
      'add(ok): results/extremes/2015.csv',
      'not complete',
      'save (ok: 2)',
    ],
  })
  stage.say("Why did it fail? Its log tells. (w3 is its name here; Slurm's own job ids work as well.)")
  stage.type(['waybill', 'logs', 'w3'], { says: ['there is no month 2013-13'] })
  stage.say(
    'There is nothing to keep of it, so it is closed: no record, and its output is free for another job. ' +
      '(`waybill finish --commit-failed-jobs` would have recorded it as failed.)' +
      (scheduler === 'slurm' ? ' Its log file stays where it is.' : ''),
  )
  stage.type(['waybill', 'finish', '--close-failed-jobs'], { says: ['Closing failed'] })
}

async function buildOnIt(stage: Stage, scheduler: Scheduler): Promise<void> {
  stage.say(
    '3. A job that builds on what another made: how much warmer than normal was each month in Seattle?',
  )
  const inputs = [
    'results/monthly.csv',
    'data/seattle-weather-hourly-normals.csv',
    'scripts/compare-with-normals.sh',
  ]
  const command = started(scheduler, 'compare-with-normals.sh')
  const named = inputs.flatMap((path) => ['-i', path])
  stage.type(['waybill', 'schedule', ...named, '-o', 'results/departures.csv', ...command], {
    says: ['schedule(ok)'],
  })
  await waitForJobs(stage, 1)
  stage.type(['waybill', 'finish'], { says: ['add(ok): results/departures.csv'] })
  stage.type(['waybill', 'logs', 'w4'], { says: ['39 of 48 months were warmer than normal'] })
  stage.say('Where does a file come from? `waybill show` takes a file, a job or a commit.')
  stage.type(['waybill', 'show', 'results/departures.csv'], {
    says: ['COMPLETED', 'compare-with-normals.sh', 'results/monthly.csv'],
  })
}

async function runAgain(stage: Stage): Promise<void> {
  stage.say(
    '4. One again. Temperatures with one digit are too coarse, so the script is changed to write two, and committed. ' +
      'The record of the first run says how to run it; what differs from then is said.',
  )
  const script = join(stage.repository, 'scripts/monthly-means.sh')
  const text = readFileSync(script, 'utf8')
  const changed = text.replace('digits=1', 'digits=2')
  if (changed === text) throw new Hindrance('the script has no line digits=1')
  writeFileSync(script, changed)
  stage.type(['git', 'commit', '-q', '-m', 'Write temperatures with two digits', 'scripts/monthly-means.sh'])
  const shown: unknown = JSON.parse(stage.ask(['waybill', 'show', '--json', 'results/monthly.csv']))
  const commit = String((shown as { readonly commit?: string }).commit).slice(0, 10)
  stage.type(['waybill', 'reschedule', commit], {
    says: ['differs from the record: scripts/monthly-means.sh', 'schedule(ok)'],
  })
  await waitForJobs(stage, 1)
  stage.type(['waybill', 'finish'], { says: ['add(ok): results/monthly.csv'] })
  stage.say(
    'What came of it: the same table with one more digit, and a record that names the one it repeats.',
  )
  stage.type(['git', 'diff', '--stat', 'HEAD~1', 'HEAD', '--', 'results'], { says: ['results/monthly.csv'] })
  stage.type(['waybill', 'show', 'HEAD'], {
    says: [/repeats: +[0-9a-f]{40}/, 'results/monthly.csv (changed)'],
  })
}

async function waitForJobs(stage: Stage, count: number): Promise<void> {
  stage.say(
    `Waiting until ${count === 1 ? 'it has' : `all ${count} have`} ended; then \`waybill jobs\` says:`,
  )
  await until('the jobs end', 600_000, () => {
    const lines = stage.ask(['waybill', 'jobs', '--json']).trim().split('\n')
    const jobs = lines.map((line) => JSON.parse(line) as { readonly state: string })
    return jobs.length === count && jobs.every(({ state }) => state === 'ended') ? true : undefined
  })
  stage.type(['waybill', 'jobs'])
}

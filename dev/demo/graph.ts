import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, Hindrance } from '../setup/command.ts'
import { beginRepository } from './place.ts'
import { answers } from './slurm.ts'
import type { Stage } from './stage.ts'

/** Everything that the graph makes. */
const results = ['clean', 'models', 'scores', 'report.md', 'errors.svg']

/**
 * Makes the graph of examples/forecast here, shows what an edit makes stale, and makes it once more on Slurm where that
 * answers; results that differ end the demo. False: without Python there is nothing to show.
 */
export function playGraph(stage: Stage, example: string, env: NodeJS.ProcessEnv): boolean {
  stage.say(
    `6. Many jobs that are made of each other: examples/forecast, in a repository of its own, ${stage.repository}. ` +
      'Its waybill.yaml says what there is, of what it is made and how.',
  )
  if (attempt('python3', ['--version'], { env }).code !== 0) {
    stage.say('Its scripts need python3, which is not installed here: this part is left out.')
    return false
  }
  cpSync(example, stage.repository, { recursive: true })
  beginRepository(stage, env)
  stage.type(['git', 'add', '.'])
  stage.type(['git', 'commit', '-q', '-m', 'A small analysis'])
  stage.type(['waybill', 'assets', 'list'], { says: ['model   clean         8 '] })
  stage.type(['waybill', 'plan'], { says: ['never made'] })
  stage.say(
    '`waybill materialize` makes it, in order, as much at once as there are cores, and records each result.',
  )
  stage.type(['waybill', 'materialize'], {
    says: ['add(ok): report.md', 'add(ok): models/new-york-winter.json'],
  })
  stage.type(['waybill', 'plan'], { says: ['nothing to do'] })
  stage.type(['cat', 'report.md'], { says: ['| Seattle | autumn | 91 | 1.96 | 2.18 |'] })
  editOneStation(stage)
  onSlurm(stage, env)
  return true
}

function editOneStation(stage: Stage): void {
  stage.say(
    "An edit: one day of Seattle's was warmer than its table says. That makes Seattle stale, and what is made of it; New York is fresh.",
  )
  const path = join(stage.repository, 'data/seattle.csv')
  const before = readFileSync(path, 'utf8')
  writeFileSync(path, before.replace(/^(2014-03-01,[^,]*),[^,]*/m, '$1,30.0'))
  stage.type(['waybill', 'plan'], {
    says: [
      'clean: 1 of 2 keys (seattle): input changed (data/seattle.csv)',
      'model: 4 of 8 keys (seattle|winter..seattle|autumn): upstream is made again',
    ],
  })
  stage.say('`waybill materialize` would make just that. The edit is taken back instead.')
  stage.type(['git', 'checkout', '-q', 'data/seattle.csv'])
  stage.type(['waybill', 'plan'], { says: ['nothing to do'] })
}

function onSlurm(stage: Stage, env: NodeJS.ProcessEnv): void {
  if (!answers(env)) {
    stage.say('On a cluster it is the same command with --site cluster (npm run demo -- --slurm shows it).')
    return
  }
  stage.say(
    'Slurm answers here, so the same definitions run there, too. All is fresh: --force makes it all the same. ' +
      'What comes of it is to be the same to the byte.',
  )
  stage.type(['git', 'tag', 'made-here'])
  stage.type(['waybill', 'materialize', '--force', '--site', 'cluster'])
  const changed = stage.type(['git', 'diff', '--stat', 'made-here', '--', ...results])
  if (changed !== '') throw new Hindrance('\nthe results of this machine and of Slurm were to be the same')
  stage.say(
    'Nothing differs. There are two sets of records now, and of the second one it is known what it took.',
  )
  for (const [revisions, title] of [
    ['made-here', 'DATALAD RUNCMD'],
    ['made-here..', 'DATALAD SLURM RUN'],
  ] as const) {
    const subjects = stage.ask(['git', 'log', '--format=%s', revisions]).trim().split('\n')
    if (!subjects.some((subject) => subject.startsWith(`[${title}]`)))
      throw new Hindrance(`there is no record of ${title} in ${revisions}`)
  }
  stage.type(['git', '--no-pager', 'log', '--format=%h %s', '-3'])
  stage.type(['waybill', 'usage', '--by', 'asset'], { says: ['CORE-HOURS'] })
  stage.type(['waybill', 'plan'], { says: ['nothing to do'] })
}

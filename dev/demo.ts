import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { playGraph } from './demo/graph.ts'
import { makeCommand, makeRepository } from './demo/place.ts'
import { slurmEnvironment } from './demo/slurm.ts'
import { makeStage, typed, type Stage } from './demo/stage.ts'
import { play, recordsMade } from './demo/story.ts'
import { demand, Hindrance, runTool } from './setup/command.ts'

const usage = `npm run demo -- [--slurm] [--in FOLDER]

Builds Waybill, makes a throw-away repository with a small real data set, runs a few jobs in it, and then a graph of jobs
in another: it prints each command as you would type it, what the command answered, and what that means.

  --slurm      run the jobs on Slurm: this machine's own, else (as root) a real one that is started for it
  --in FOLDER  make the repository below that folder instead of the temporary directory (for a cluster whose nodes do
               not see this machine's temporary directory)
  --help       this text

The exit code is 0 when everything went as told, 1 when not, 2 for wrong options.
`

const checkout = join(import.meta.dirname, '..')

await runTool(async () => {
  const values = readOptions()
  if (values === null || values.help) {
    process.stdout.write(usage)
    return values === null ? 2 : 0
  }
  process.stdout.write('Building Waybill (npm run build) …\n')
  demand(process.execPath, [join(import.meta.dirname, 'build.ts')], { cwd: checkout })
  const product = join(checkout, 'dist/waybill.cjs')

  mkdirSync(values.in, { recursive: true })
  const folder = mkdtempSync(join(realpathSync(values.in), 'waybill-demo-'))
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  const env = values.slurm ? slurmEnvironment(ownEnvironment(), say) : ownEnvironment()
  const stage = makeStage(folder, 'weather', product, env)
  mkdirSync(stage.repository)
  try {
    const { annex } = makeRepository(stage, join(checkout, 'examples/weather'), env)
    await play(stage, values.slurm ? 'slurm' : 'local')
    lookBack(stage)
    const graph = makeStage(folder, 'forecast', product, env)
    const played = playGraph(graph, join(checkout, 'examples/forecast'), env)
    const bin = makeCommand(folder, product)
    takeLeave(stage, played ? graph : null, bin, values.slurm, annex)
  } catch (problem) {
    if (problem instanceof Hindrance)
      process.stderr.write(`\nThe demo did not go as told. Look at ${folder}\n`)
    throw problem
  }
  return 0
})

// Null when they are not to be understood.
function readOptions(): { readonly slurm: boolean; readonly in: string; readonly help: boolean } | null {
  try {
    return parseArgs({
      options: {
        slurm: { type: 'boolean', default: false },
        in: { type: 'string', default: tmpdir() },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (problem) {
    process.stderr.write(`${problem instanceof Error ? problem.message : String(problem)}\n\n`)
    return null
  }
}

// A hook or an alias of git that started us must not lead git elsewhere.
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GIT_(?!CONFIG|SSH)/.test(name)))
}

function lookBack(stage: Stage): void {
  stage.say('5. The history: your own commits, and one a job with its record in the message.')
  stage.type(['git', '--no-pager', 'log', '--format=%h %s'])
  const marked = ['--format=%H', '--grep=^=== Do not change lines below ===$']
  const records = stage
    .ask(['git', 'log', ...marked])
    .trim()
    .split('\n').length
  if (records !== recordsMade)
    throw new Hindrance(`there were to be ${recordsMade} records, and there are ${records}`)
  stage.type(['git', 'status', '--short'])
}

function takeLeave(stage: Stage, graph: Stage | null, bin: string, slurm: boolean, annex: boolean): void {
  stage.say(
    `Done: ${recordsMade} records, one failed job closed${graph === null ? '' : ', and a graph of 13 pieces'}. The jobs ran ` +
      `${slurm ? 'on Slurm' : 'as background processes on this machine'}; ` +
      `${annex ? 'git-annex keeps the data' : 'git keeps everything'}. What was made is kept, look around in it:`,
  )
  const removal = `${annex ? `chmod -R u+w ${typed([stage.folder])}; ` : ''}rm -rf ${typed([stage.folder])}`
  const lines: readonly (readonly [string, string])[] = [
    [`cd ${typed([stage.repository])}`, ''],
    [`PATH=${typed([bin])}:$PATH`, 'a folder with `waybill`'],
    ['git log', 'every record as it stands in the history'],
    ['waybill show results/monthly.csv', 'where that file comes from'],
    ['waybill reschedule --since= --report', 'what could be run again'],
    ...(graph === null
      ? []
      : ([
          [`cd ${typed([graph.repository])}`, ''],
          ['waybill assets list', 'the graph'],
          ['waybill materialize --force report', 'one of it again'],
        ] as const)),
    [removal, 'when you have seen enough'],
  ]
  for (const [command, meaning] of lines)
    process.stdout.write(`  ${meaning === '' ? command : `${command.padEnd(38)} # ${meaning}`}\n`)
  process.stdout.write(
    '\nThe same, explained step by step: examples/weather/README.md, examples/forecast/README.md. All pages: docs/.\n',
  )
}

import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { layoutOf } from '../cluster/layout.ts'
import { demand, Hindrance, runTool } from '../setup/command.ts'
import { installPackages } from '../setup/packages.ts'
import { installPeers } from '../setup/peers.ts'
import { makeBench, type Bench } from './bench.ts'
import { machineLine } from './machine.ts'
import { removeFolders } from './repository.ts'
import { allRows } from './rows.ts'
import { runRows } from './run-rows.ts'
import { fullSizes, quickSizes } from './sizes.ts'

const usage = `npm run bench -- [NAME…] [--quick] [--markdown FILE]

Measures Waybill beside datalad-slurm and beside the bare command, on a real Slurm that it starts on this machine (as root;
else SLURM_CONF names one): medians of alternating runs, as Markdown on standard output. It installs and builds what is
missing, and says on standard error what it does. All of it takes about 40 minutes, and 40 GB below the temporary directory.

  NAME             only the rows whose name contains one of these words
  --list           name the rows
  --quick          smaller sizes and fewer runs: to see that it works, not for figures
  --markdown FILE  write the tables to that file
  --help           this text

Examples:
  npm run bench
  npm run bench -- schedule-one list
  npm run bench -- finish --markdown finish.md
  npm run bench -- --quick

Ctrl-C prints what there is. The exit code is 0, 1 when a row could not be measured, 2 for wrong options, 130 when it was
interrupted; a bar that is missed is marked, and no error.
`

const checkout = join(import.meta.dirname, '..', '..')
const dist = join(checkout, 'dist')
const say = (text: string): void => void process.stderr.write(`${text}\n`)

await runTool(async () => {
  const asked = readOptions()
  if (asked === null || asked.values.help) {
    ;(asked === null ? process.stderr : process.stdout).write(usage)
    return asked === null ? 2 : 0
  }
  const { values, positionals } = asked
  const rows = allRows.filter(
    ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  )
  if (rows.length === 0) throw new Hindrance(`no row has such a name: npm run bench -- --list`)
  if (values.list) {
    for (const { name, about } of rows) process.stdout.write(`${name.padEnd(18)} ${about}\n`)
    return 0
  }
  const bench = setUp(values.quick)
  try {
    const { tables, code } = await runRows(rows, bench)
    const head = `${machineLine(bench.env)}${values.quick ? '; quick: small sizes and few runs' : ''}`
    const text = `${[head, '', ...tables].join('\n')}\n`
    if (values.markdown === undefined) process.stdout.write(text)
    else writeFileSync(values.markdown, text)
    return code
  } finally {
    say('removing what was made')
    removeFolders(bench.folder)
  }
})

// Null when they are not to be understood.
function readOptions(): ReturnType<typeof parse> | null {
  try {
    return parse()
  } catch (problem) {
    say(`${problem instanceof Error ? problem.message : String(problem)}\n`)
    return null
  }
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
}

function setUp(quick: boolean): Bench {
  installPackages((line) => say(`set-up: ${line}`))
  const peers = installPeers((line) => say(`set-up: ${line}`))
  if (!existsSync(join(dist, 'waybill.cjs'))) {
    say('building (npm run build)')
    demand('npm', ['run', 'build'], { cwd: checkout, env: process.env })
  }
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'))
  return makeBench({
    dist,
    folder,
    env: { ...process.env, SLURM_CONF: cluster(), PATH: `${peers}:${process.env['PATH'] ?? ''}` },
    sizes: quick ? quickSizes : fullSizes,
    waybill: { name: 'waybill', words: [process.execPath, join(dist, 'waybill.cjs')], prefix: '' },
    peer: { name: 'datalad-slurm', words: [join(peers, 'datalad'), '-l', 'error'], prefix: 'slurm-' },
    say,
  })
}

// Root's is one of the development cluster, whose limits fit; somebody else brings their own.
function cluster(): string {
  if (process.getuid?.() === 0) {
    say('bringing the cluster up (npm run cluster -- up --variant bench; it stays, `down` ends it)')
    demand(process.execPath, ['dev/cluster/main.ts', 'up', '--variant', 'bench'], { cwd: checkout })
    return layoutOf('bench').conf
  }
  const conf = process.env['SLURM_CONF'] ?? layoutOf('bench').conf
  if (!existsSync(conf))
    throw new Hindrance(`no Slurm at ${conf}: as root, npm run cluster -- up --variant bench`)
  return conf
}

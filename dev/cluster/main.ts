import { mkdirSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { Hindrance, runTool } from '../setup/command.ts'
import { admitUser } from './accounts.ts'
import { clusterRoot, layoutOf, type Layout } from './layout.ts'
import { bringUp, conditions, forget, freeze, kill, restart, takeDown } from './lifecycle.ts'
import { variantNames } from './variants.ts'

const usage = `npm run cluster -- COMMAND [--variant NAME]

  up                  bring the cluster up, or what of it is not
  down [--all]        end it and its jobs; state stays (--purge removes it; --all: every variant)
  status              its daemons, one a line; exit code 1 when one is not up
  env                 the line for a shell: export SLURM_CONF=...
  admit USER          let an ordinary user submit, where a variant decides who may
  kill DAEMON         SIGKILL; daemons: munged mariadbd slurmdbd slurmctld slurmd-n1..4 slurmd (all four)
  freeze|thaw DAEMON  SIGSTOP, SIGCONT
  restart DAEMON      end it if it runs, start it, wait for its answer

variants: ${variantNames.join(', ')}
All state is under WAYBILL_CLUSTER_DIR (/tmp/waybill-cluster).
`

const lockMark = 'WAYBILL_CLUSTER_LOCKED'

// One command at a time changes a folder: flock holds the lock, not we, so it cannot pass to the daemons.
function underLock(): number {
  const root = clusterRoot()
  mkdirSync(root, { recursive: true, mode: 0o755 })
  const args = ['--close', `${root}/lock`, process.execPath, ...process.argv.slice(1)]
  const child = spawnSync('flock', args, { stdio: 'inherit', env: { ...process.env, [lockMark]: '1' } })
  return child.status ?? 1
}

async function act(layout: Layout, command: string, what: string | undefined, purge: boolean): Promise<void> {
  const name = (): string => {
    if (what === undefined) throw new Hindrance(`${command} wants a name\n\n${usage}`)
    return what
  }
  if (command === 'up') await bringUp(layout, (line) => process.stdout.write(`${line}\n`))
  else if (command === 'down') {
    await takeDown(layout)
    if (purge) forget(layout)
  } else if (command === 'admit') admitUser(layout, name())
  else if (command === 'kill') await kill(layout, name())
  else if (command === 'freeze' || command === 'thaw') freeze(layout, name(), command)
  else if (command === 'restart') await restart(layout, name())
  else throw new Hindrance(usage)
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      variant: { type: 'string', default: 'default' },
      all: { type: 'boolean', default: false },
      purge: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const [command, what] = positionals
  if (command === undefined || values.help) {
    process.stdout.write(usage)
    return values.help ? 0 : 2
  }
  const layout = layoutOf(values.variant)
  if (command === 'env') {
    process.stdout.write(`export SLURM_CONF='${layout.conf}'\n`)
    return 0
  }
  if (process.getuid?.() !== 0)
    throw new Hindrance('the cluster needs root: its jobs run as the users who submit them')
  if (command === 'status') {
    const lines = conditions(layout)
    process.stdout.write(lines.map(([daemon, state]) => `${daemon.padEnd(10)} ${state}\n`).join(''))
    return lines.every(([, state]) => state.startsWith('up')) ? 0 : 1
  }
  if (process.env[lockMark] === undefined) return underLock()
  // What shares another's accounting goes down before it.
  const layouts = values.all ? [...variantNames].toReversed().map((name) => layoutOf(name)) : [layout]
  for (const one of layouts) await act(one, command, what, values.purge)
  return 0
}

await runTool(main)

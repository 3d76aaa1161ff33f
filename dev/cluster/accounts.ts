import { attempt, Hindrance, type Outcome } from '../setup/command.ts'
import type { Layout } from './layout.ts'

/** Makes the cluster, and what its variant wants, known to the accounting; nothing when it is known already. */
export function registerCluster(layout: Layout): void {
  if (layout.variant.accounting === 'none') return
  const known = sacctmgr(layout, ['-n', '-P', 'show', 'cluster', 'format=cluster']).stdout.split('\n')
  if (known.includes(layout.variant.name)) return
  change(layout, ['add', 'cluster', layout.variant.name])
  for (const words of layout.variant.accounts ?? []) change(layout, words)
}

/**
 * Lets an ordinary user submit where the accounting decides who may: their default account is the first of the
 * variant's accounts, and all its accounts and QOS are theirs. Elsewhere everybody may, and nothing is done.
 */
export function admitUser(layout: Layout, user: string): void {
  const accounts = namesOf(layout, 'account')
  if (layout.variant.enforce === undefined || accounts.length === 0) return
  const qos = ['normal', ...namesOf(layout, 'qos')].join(',')
  change(layout, [
    'add',
    'user',
    user,
    `account=${accounts.join(',')}`,
    `DefaultAccount=${accounts[0]}`,
    `qos=${qos}`,
  ])
}

function namesOf(layout: Layout, kind: string): readonly string[] {
  const commands = layout.variant.accounts ?? []
  return commands.flatMap(([, what, name]) => (what === kind && name !== undefined ? [name] : []))
}

// sacctmgr answers 1 and "Nothing new added" for what exists already.
function change(layout: Layout, words: readonly string[]): void {
  const outcome = sacctmgr(layout, ['-i', ...words])
  const said = outcome.stdout + outcome.stderr
  if (outcome.code === 0 || /nothing new|already exists/i.test(said)) return
  throw new Hindrance(`sacctmgr ${words.join(' ')}: ${said.trim()}`)
}

function sacctmgr(layout: Layout, args: readonly string[]): Outcome {
  return attempt('sacctmgr', args, { env: { ...process.env, SLURM_CONF: layout.conf }, timeoutMs: 20_000 })
}

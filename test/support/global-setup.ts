import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { layoutOf } from '../../dev/cluster/layout.ts'
import { attempt, demand, Hindrance } from '../../dev/setup/command.ts'
import { installPackages } from '../../dev/setup/packages.ts'
import { installPeers } from '../../dev/setup/peers.ts'
import { bringUpVariant } from './cluster.ts'
import { checkout, publishProduct, removeProduct } from './runtime.ts'
import { canSwitch, ensureUsers } from './users.ts'

let product: string | undefined

/** Before all scenarios: packages, other sides, users, the default cluster up, the product built once and published. */
export function setup(project: TestProject): void {
  const say = (line: string): void => void process.stderr.write(`set-up: ${line}\n`)
  installPackages(say)
  const peersBin = installPeers(say)
  ensureUsers()
  const slurmConf = defaultCluster()
  if (process.env['WAYBILL_BUILT'] === undefined)
    demand(process.execPath, ['dev/build.ts'], { cwd: checkout })
  product = publishProduct()
  const entry = join(product, 'dist/waybill.cjs')
  project.provide('runtime', { bin: join(product, 'bin'), entry, peersBin, slurmConf })
}

/** After all scenarios. The cluster stays up for the next run. */
export function teardown(): void {
  if (product !== undefined) removeProduct(product)
}

// An ordinary user cannot start one, and uses what runs.
function defaultCluster(): string {
  const { conf } = layoutOf('default')
  if (canSwitch()) bringUpVariant('default')
  else if (
    !existsSync(conf) ||
    attempt('sinfo', [], { env: { ...process.env, SLURM_CONF: conf } }).code !== 0
  ) {
    throw new Hindrance('no cluster runs; as root: npm run cluster -- up')
  }
  return conf
}

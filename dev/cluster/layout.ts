import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { attempt, Hindrance } from '../setup/command.ts'
import { variantNamed, type Variant } from './variants.ts'

/** Where everything of one cluster lies. */
export interface Layout {
  readonly variant: Variant
  /** Absolute folder of this variant. */
  readonly folder: string
  /** The cluster's own slurm.conf: what SLURM_CONF names. */
  readonly conf: string
  /** The layout whose munge, slurmdbd and database this one uses: itself, unless it shares another's. */
  readonly home: Layout
  /** Short name of this host, as Slurm wants it. */
  readonly host: string
}

/** The folder of all clusters: WAYBILL_CLUSTER_DIR or /tmp/waybill-cluster. */
export function clusterRoot(): string {
  return process.env['WAYBILL_CLUSTER_DIR'] ?? '/tmp/waybill-cluster'
}

/** The layout of a variant; a `Hindrance` for an unknown name. */
export function layoutOf(name: string): Layout {
  const variant = variantNamed(name)
  if (variant === undefined) throw new Hindrance(`there is no variant "${name}" of the cluster`)
  const folder = join(clusterRoot(), name)
  const plain = {
    variant,
    folder,
    conf: join(folder, 'etc/slurm.conf'),
    host: hostname().split('.')[0] ?? 'localhost',
  }
  const { accounting } = variant
  if (typeof accounting !== 'object') {
    return {
      ...plain,
      get home(): Layout {
        return this
      },
    }
  }
  return { ...plain, home: layoutOf(accounting.sharedWith) }
}

/** The socket of the munged that this cluster's daemons and clients use. */
export function mungeSocket(layout: Layout): string {
  return join(layout.home.folder, 'munge/munge.sock')
}

/** The first of a cluster's ports: controller, accounting, then one a node. Kept in its folder. */
export function portsOf(layout: Layout): number {
  const note = join(layout.folder, 'ports')
  if (existsSync(note)) return Number(readFileSync(note, 'utf8'))
  const taken = listeningPorts()
  for (let first = layout.variant.firstPort; first < 32000; first += 200) {
    if (portsFrom(first).some((port) => taken.has(port))) continue
    mkdirSync(layout.folder, { recursive: true })
    writeFileSync(note, `${first}\n`)
    return first
  }
  throw new Hindrance('no free ports for the cluster between 17000 and 32000')
}

/** Chooses anew where others have taken a cluster's ports while it was down. */
export function forgetTakenPorts(layout: Layout): void {
  const note = join(layout.folder, 'ports')
  if (!existsSync(note)) return
  const [first, taken] = [portsOf(layout), listeningPorts()]
  if (portsFrom(first).some((port) => taken.has(port))) rmSync(note)
}

function portsFrom(first: number): readonly number[] {
  return Array.from({ length: 6 }, (_, index) => first + index)
}

/** All TCP ports on which something listens on this host, from /proc/net/tcp and tcp6. */
export function listeningPorts(): ReadonlySet<number> {
  const lines = attempt('cat', ['/proc/net/tcp', '/proc/net/tcp6']).stdout.split('\n')
  const ports = new Set<number>()
  for (const line of lines) {
    const [, local, , state] = line.trim().split(/\s+/)
    if (state === '0A' && local !== undefined)
      ports.add(parseInt(local.slice(local.lastIndexOf(':') + 1), 16))
  }
  return ports
}

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mungeSocket, portsOf, type Layout } from './layout.ts'

/** Writes all configuration files of a cluster; true when one of them is not as it was. */
export function writeConfs(layout: Layout): boolean {
  mkdirSync(join(layout.folder, 'etc'), { recursive: true, mode: 0o755 })
  for (const name of ['gpu0', 'gpu1']) writeFileSync(join(layout.folder, 'etc', name), '')
  const changes = [
    put(layout, 'slurm.conf', slurmValues(layout), 0o644),
    put(layout, 'cgroup.conf', cgroupValues(layout), 0o644),
    put(layout, 'gres.conf', { folder: layout.folder }, 0o644),
  ]
  if (layout.variant.accounting === 'own') {
    changes.push(
      put(layout, 'slurmdbd.conf', slurmdbdValues(layout), 0o600),
      put(layout, 'my.cnf', { folder: layout.folder }, 0o644),
    )
  }
  return changes.includes(true)
}

function slurmValues(layout: Layout): Record<string, string> {
  const { variant } = layout
  const first = portsOf(layout)
  return {
    cluster: variant.name,
    host: layout.host,
    folder: layout.folder,
    controllerPort: String(first),
    nodePorts: `${first + 2}-${first + 4}`,
    lastNodePort: String(first + 5),
    mungeSocket: mungeSocket(layout),
    authExtra: variant.authExtra ?? '',
    proctrack: variant.cgroups ? 'proctrack/cgroup' : 'proctrack/linuxproc',
    task: variant.cgroups ? 'task/cgroup' : 'task/none',
    gather: variant.cgroups ? 'jobacct_gather/cgroup' : 'jobacct_gather/linux',
    select: variant.cgroups ? 'CR_Core_Memory' : 'CR_Core',
    accounting: accountingLines(layout).join('\n'),
    extra: (variant.extra ?? []).join('\n'),
    partitions: variant.partitions.join('\n'),
  }
}

function accountingLines(layout: Layout): readonly string[] {
  if (layout.variant.accounting === 'none') return ['AccountingStorageType=accounting_storage/none']
  return [
    'AccountingStorageType=accounting_storage/slurmdbd',
    'AccountingStorageHost=127.0.0.1',
    `AccountingStoragePort=${portsOf(layout.home) + 1}`,
    // What goes to the accounting, and to other clusters, takes munge's socket from here and not from AuthInfo.
    `AccountingStoragePass=${mungeSocket(layout)}`,
    'AccountingStorageTRES=gres/gpu',
    ...(layout.variant.enforce === undefined ? [] : [`AccountingStorageEnforce=${layout.variant.enforce}`]),
  ]
}

function slurmdbdValues(layout: Layout): Record<string, string> {
  return {
    mungeSocket: mungeSocket(layout),
    host: layout.host,
    accountingPort: String(portsOf(layout) + 1),
    folder: layout.folder,
  }
}

// Version 1 where it is mounted; a machine with version 2 alone gets what Slurm finds by itself.
function cgroupValues(layout: Layout): Record<string, string> {
  const plugin = existsSync('/sys/fs/cgroup/memory') ? 'cgroup/v1' : 'autodetect'
  const constraints = layout.variant.cgroups ? 'CgroupAutomount=no\nConstrainRAMSpace=yes' : ''
  return { plugin, constraints }
}

function put(layout: Layout, name: string, values: Record<string, string>, mode: number): boolean {
  const template = readFileSync(join(import.meta.dirname, 'templates', name), 'utf8')
  const text = template.replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) => {
    const value = values[key]
    if (value === undefined) throw new Error(`${name} asks for ${key}, which nobody gives`)
    return value
  })
  const path = join(layout.folder, 'etc', name)
  const same = existsSync(path) && readFileSync(path, 'utf8') === text
  if (!same) writeFileSync(path, text)
  chmodSync(path, mode)
  return !same
}

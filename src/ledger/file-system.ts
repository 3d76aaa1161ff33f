import { readFileSync, statfsSync, statSync } from 'node:fs'

/** Magic numbers of statfs(2) of file systems whose locks and shared memory are known to work: only there may SQLite use a write-ahead log. */
const local: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
])

/** Names of others, for people (statfs(2), and the `S_MAGIC_` list of GNU coreutils). */
const remote: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x00c36400, 'CephFS'],
  [0x20030528, 'OrangeFS'],
  [0xaad7aaea, 'PanFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x794c7630, 'overlayfs'],
  [0x01021997, '9p'],
])

/** The kind of file system that holds a path. */
export interface FileSystem {
  readonly name: string
  /** Known to be local: its locks and shared memory work. */
  readonly local: boolean
  /** Other machines may write to it, and what they wrote may be seen here late. Not known to be otherwise counts. */
  readonly shared: boolean
}

/** The kind of file system that holds `path`. One statfs(2) where that tells it. @throws the system's error. */
export function fileSystemOf(path: string): FileSystem {
  const type = statfsSync(path).type >>> 0
  const name = local.get(type)
  if (name !== undefined) return { name, local: true, shared: false }
  // What is written to an overlay lies on a disk of this machine; its locks are another matter.
  const shared = remote.get(type) !== 'overlayfs'
  return {
    name: remote.get(type) ?? mountedAs(path) ?? `unknown (0x${type.toString(16)})`,
    local: false,
    shared,
  }
}

/** What the kernel calls a file system whose number nobody has published (`wekafs`): by proc(5), /proc/self/mountinfo. */
function mountedAs(path: string): string | null {
  const { dev } = statSync(path)
  const device = `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const line = lines.findLast((one) => one.split(' ')[2] === device)
  return / - (\S+)/.exec(line ?? '')?.[1] ?? null
}

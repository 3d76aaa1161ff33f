import { statfsSync } from 'node:fs'

/** Magic numbers of statfs(2) of file systems whose locks and shared memory are known to work: only there may SQLite use a write-ahead log. */
const local: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
])

/** Names of others, for people. */
const remote: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x794c7630, 'overlayfs'],
  [0x01021997, '9p'],
])

/** The kind of file system that holds `path`, and whether it is known to be local. */
export function fileSystemOf(path: string): { readonly name: string; readonly local: boolean } {
  const type = statfsSync(path).type >>> 0
  const name = local.get(type)
  if (name !== undefined) return { name, local: true }
  return { name: remote.get(type) ?? `unknown (0x${type.toString(16)})`, local: false }
}

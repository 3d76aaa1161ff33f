import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { sftpServer } from '../../dev/setup/packages.ts'
import type { Sandbox } from './sandbox.ts'
import { asRole } from './users.ts'

/** A folder as two machines have it: the one that serves it, and one that looks at it over a network. */
export interface NetworkDisk extends AsyncDisposable {
  /** The folder on its server, relative to the sandbox: what is written there is seen late at the other end. */
  readonly server: string
  /** Lets that end see what there is at a path, which it takes for absent until then. */
  reveal(path: string): void
}

/**
 * Mounts a folder of the sandbox by sshfs, as one end of SFTP with its real server at the other. As on NFS, this end
 * remembers what it was told of a file until the file is opened, and of a name that was not there for an hour. Root only.
 */
export async function networkDisk(box: Sandbox, path = 'ds'): Promise<NetworkDisk> {
  const server = `${path}-server`
  const folder = box.path(path)
  await box.run(['mkdir', '-p', server, path])
  const command = box.write(
    `${path}-sftp`,
    `#!/bin/sh\nexec ${asRole('user').join(' ')} ${sftpServer}\n`,
    0o755,
  )
  const options = [
    `ssh_command=${command}`,
    'allow_other,default_permissions',
    // Names and attributes are remembered by sshfs and forgotten when a file is opened; absent names by the kernel.
    'entry_timeout=0,attr_timeout=0,negative_timeout=3600',
    'dcache_stat_timeout=3600,dcache_link_timeout=3600,dcache_dir_timeout=0',
  ]
  await box.run(['sshfs', '-o', options.join(','), `server:${box.path(server)}`, folder], { as: 'root' })
  return {
    server,
    // Who wants to make what is there is told so by the server itself.
    reveal: (name) => {
      try {
        mkdirSync(join(folder, name))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
        throw error
      }
      throw new Error(`${name} was not there, and is a folder now`)
    },
    [Symbol.asyncDispose]: async () => {
      await box.run(['umount', '-l', folder], { as: 'root' })
    },
  }
}

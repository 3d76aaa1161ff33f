import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { clusterRoot } from '../../dev/cluster/layout.ts'
import { demand } from '../../dev/setup/command.ts'
import { builtFolder, checkout } from './runtime.ts'
import type { Sandbox } from './sandbox.ts'

const ofNode: ReadonlySet<string> = new Set(['node', 'nodejs', 'npm', 'npx', 'corepack'])
const foldersOfNode = ['/usr/local', '/usr/lib/node_modules', '/usr/share/nodejs']

/** A root file system in which there is this machine's git, git-annex and Slurm, but neither Node nor npm. */
export interface BareRoot {
  /** PATH in it, and outside: the executable is its first `waybill`, which outside goes inside. */
  readonly PATH: string
  /** Words that go before a command so that it runs in there, where we stand. */
  readonly words: readonly string[]
}

/**
 * Makes such a root for a sandbox, by bubblewrap. It has the sandbox's folder and the cluster where they are outside, and
 * the executable as `/opt/waybill/waybill`. Processes are those of the machine: what a command leaves running goes on.
 */
export function makeBareRoot(box: Sandbox): BareRoot {
  const base = dirname(box.folder)
  const mounts = [
    ['--ro-bind', '/usr', '/usr'],
    withoutNode(box),
    besidesUsr(),
    ['--ro-bind', '/etc', '/etc'],
    ['--bind', '/proc', '/proc'],
    ['--dev', '/dev'],
    ['--tmpfs', '/tmp'],
    ['--bind', base, base],
    ['--ro-bind', clusterRoot(), clusterRoot()],
    ['--ro-bind', publish(box), '/opt/waybill/waybill'],
  ]
  const words = ['bwrap', '--unshare-user', ...mounts.flat(), '--']
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  box.write('bare/bin/waybill', `#!/bin/sh\nexec ${quoted} /opt/waybill/waybill "$@"\n`, 0o755)
  return { PATH: `/opt/waybill:${box.path('bare/bin')}:/usr/bin:/bin`, words }
}

/** Mounts that put a folder of links in the place of /usr/bin: one that is only covered would still have a name. */
function withoutNode(box: Sandbox): readonly string[] {
  const empty = box.write('bare/empty', '')
  const links = box.path('bare/usr-bin')
  mkdirSync(links)
  const names = readdirSync('/usr/bin')
  for (const name of names.filter((each) => !ofNode.has(each)))
    symlinkSync(join('/machine/bin', name), join(links, name))
  const covered = names
    .filter((name) => ofNode.has(name))
    .map((name) => realpathSync(join('/usr/bin', name)))
    .filter((path) => path.startsWith('/usr/bin/'))
    .flatMap((path) => ['--ro-bind', empty, join('/machine/bin', path.slice('/usr/bin/'.length))])
  const gone = foldersOfNode.filter((path) => existsSync(path)).flatMap((path) => ['--tmpfs', path])
  return ['--ro-bind', '/usr/bin', '/machine/bin', ...covered, '--ro-bind', links, '/usr/bin', ...gone]
}

function besidesUsr(): readonly string[] {
  return ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'].flatMap((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return []
    return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
  })
}

/** The executable where an ordinary user can read it, wherever the checkout lies. */
function publish(box: Sandbox): string {
  if (process.env['WAYBILL_BUILT'] === undefined)
    demand(process.execPath, ['dev/build-executable.ts'], { cwd: checkout })
  const [built, copy] = [join(builtFolder(), 'waybill'), box.path('bare/executable')]
  try {
    linkSync(built, copy)
  } catch {
    copyFileSync(built, copy)
    chmodSync(copy, 0o755)
  }
  return copy
}

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Sandbox } from './sandbox.ts'

/** What kind of repository `dataset` makes. */
export interface RepositoryOptions {
  /**
   * `text2git` (the default): binary files annexed, text in git; `plain`: every file annexed, as DataLad does
   * without a configuration; `none`: git alone, without git-annex and without a dataset id.
   */
  readonly annex?: 'text2git' | 'plain' | 'none'
  /** Lets DataLad itself make it: Debian's (`old`) or the wheel's (`new`). Slow: a second or two. */
  readonly datalad?: 'old' | 'new'
}

// What `datalad create -c text2git` writes, by both versions.
const attributes: Readonly<Record<'text2git' | 'plain', string>> = {
  plain: '* annex.backend=MD5E\n**/.git* annex.largefiles=nothing\n',
  text2git:
    '* annex.backend=MD5E\n**/.git* annex.largefiles=nothing\n' +
    '* annex.largefiles=((mimeencoding=binary)and(largerthan=0))\n',
}

/** Makes a repository in a new folder of a sandbox and gives its absolute path. It has one commit, but for `none`. */
export async function makeRepository(
  box: Sandbox,
  name: string,
  options: RepositoryOptions,
): Promise<string> {
  const annex = options.annex ?? 'text2git'
  const path = box.path(name)
  if (options.datalad !== undefined) {
    const program = options.datalad === 'new' ? join(box.runtime.peersBin, 'datalad') : '/usr/bin/datalad'
    const rule = annex === 'text2git' ? ['-c', 'text2git'] : annex === 'none' ? ['--no-annex'] : []
    const PATH = box.environment()['PATH'] ?? ''
    const env = options.datalad === 'new' ? { PATH: `${box.runtime.peersBin}:${PATH}` } : {}
    await box.run([program, 'create', ...rule, path], { env })
    return path
  }
  await box.run(['git', 'init', '-q', path])
  if (annex === 'none') return path
  await box.run(['git', 'annex', 'init', '-q', 'test'], { cwd: path })
  box.write(join(name, '.gitattributes'), attributes[annex])
  box.write(join(name, '.datalad/config'), `[datalad "dataset"]\n\tid = ${randomUUID()}\n`)
  box.write(join(name, '.datalad/.gitattributes'), 'config annex.largefiles=nothing\n')
  await box.run(['git', 'add', '.gitattributes', '.datalad'], { cwd: path })
  await box.run(['git', 'commit', '-q', '-m', 'Begin the dataset'], { cwd: path })
  return path
}

import { lstatSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ConfigFile } from './config-file.ts'
import { isTrue, readConfigFile } from './config-file.ts'

/** A repository as the file system alone shows it. */
export interface PlainRepository {
  readonly root: string
  readonly config: ConfigFile
}

/** Settings in the environment that change where git looks, or what it finds. */
const redirects =
  /^GIT_(DIR|WORK_TREE|COMMON_DIR|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|CONFIG.*|NAMESPACE|IMPLICIT_WORK_TREE)$/

/**
 * The repository that a (real) directory lies in, where that needs no git to be told: a `.git` folder of this user's own in
 * this or a higher folder of the same file system, with nothing in its configuration that would have git see it otherwise.
 * Null: git is to be asked. A command starts sooner by the time that a git process takes.
 */
export function findPlainRepository(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): PlainRepository | null {
  if (Object.keys(env).some((name) => redirects.test(name))) return null
  const here = look(directory)
  if (here === null) return null
  for (let at = directory; ; at = dirname(at)) {
    const folder = look(at)
    if (folder === null || folder.dev !== here.dev) return null
    const git = look(join(at, '.git'))
    if (git !== null) return isOurs(folder) && isOurs(git) && git.isDirectory() ? plain(at) : null
    // Within a bare repository, or a `.git` folder, git finds that one.
    if (look(join(at, 'HEAD')) !== null || at === dirname(at)) return null
  }
}

function plain(root: string): PlainRepository | null {
  const git = join(root, '.git')
  // git itself asks for these three before it calls a folder a repository.
  if (!['objects', 'refs', 'HEAD'].every((name) => look(join(git, name)) !== null)) return null
  if (look(join(git, 'commondir')) !== null) return null
  const config = readConfigFile(join(git, 'config'))
  const odd =
    config.value('core.worktree') !== null ||
    isTrue(config.value('core.bare')) ||
    config.value('core.repositoryformatversion') !== '0' ||
    config.hasSection('extensions') ||
    config.hasSection('include') ||
    config.hasSection('includeif')
  return odd ? null : { root, config }
}

/** Another user's folder git may refuse (`safe.directory`). */
function isOurs(stat: Stats): boolean {
  return stat.uid === process.geteuid?.()
}

function look(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { locate, type Dataset } from './locate.ts'

/** A throw-away repository for the tests of this room. Nothing of the product imports this. */
export interface Scratch {
  readonly root: string
  readonly git: (...args: readonly string[]) => string
  readonly write: (path: string, content?: string | Buffer) => void
  readonly dataset: () => Promise<Dataset>
  readonly remove: () => void
}

/** The environment of tests: no configuration of the machine or its user, an identity of their own. */
export const scratchEnv: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  LC_ALL: 'C.UTF-8',
}

/** The wheel's newer git-annex, where it was installed: tests of git-annex run with each one found. */
export const annexPaths: readonly string[] = (process.env['WAYBILL_TEST_ANNEX'] ?? '/usr/bin').split(':')

/** Makes a repository below the temporary folder; with `annex`, git-annex of that folder is initialised in it. */
export function makeScratch(
  options: { readonly annex?: string; readonly format?: 'sha256'; readonly parent?: string } = {},
): Scratch {
  const parent = options.parent ?? mkdtempSync(join(realpathSync(tmpdir()), 'waybill-dataset-'))
  const root = join(parent, 'repository')
  mkdirSync(root, { recursive: true })
  const env = { ...scratchEnv, ...(options.annex ? { PATH: `${options.annex}:${scratchEnv['PATH']}` } : {}) }
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  git('init', '-q', '-b', 'main', ...(options.format ? [`--object-format=${options.format}`] : []))
  git('config', 'user.name', 'Ada L')
  git('config', 'user.email', 'ada@example.org')
  if (options.annex) git('annex', 'init', '-q', 'here')
  return {
    root,
    git,
    write: (path, content = `${path}\n`) => {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
    },
    dataset: async () => {
      const found = await locate(root, env)
      if (!found.ok) throw new Error(JSON.stringify(found.failure))
      return found.value
    },
    remove: () => {
      // git-annex takes write permission off its objects.
      execFileSync('chmod', ['-R', 'u+w', parent])
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

/** The value of a result that the test expects to be one. */
export function value<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: unknown },
): T {
  if (!result.ok) throw new Error(`failed: ${JSON.stringify(result.failure)}`)
  return result.value
}

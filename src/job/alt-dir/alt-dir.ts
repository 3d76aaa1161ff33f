import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import { relativeTo } from '../../dataset/paths.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { JobSpec } from '../spec.ts'

/** The real path of a directory as the user typed it, when a job may run there instead of in the dataset. */
export function findAltDir(context: Context, typed: string): Fallible<string, Note> {
  const unfit = (why: UnfitDir): Fallible<never, Note> => fail({ kind: 'alt-dir-unfit', dir: typed, why })
  const { root, commonDir, gitDir } = context.dataset
  let dir: string
  try {
    dir = realpathSync(resolve(context.cwd, typed))
    if (typed === '' || !statSync(dir).isDirectory()) return unfit('no-directory')
    accessSync(dir, constants.W_OK | constants.X_OK | constants.R_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return unfit(code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'not-writable')
  }
  const inside = [root, commonDir, gitDir].some((own) => relativeTo(own, dir) !== null)
  if (inside) return unfit('in-dataset')
  return [root, commonDir, gitDir].some((own) => relativeTo(dir, own) !== null)
    ? unfit('holds-dataset')
    : ok(dir)
}

/** Why a directory cannot stand for the dataset. */
export type UnfitDir = 'missing' | 'no-directory' | 'not-writable' | 'in-dataset' | 'holds-dataset'

/** Where a job starts: the directory of submission, in the dataset or in the alternative directory. */
export function startingDirectory(context: Context, spec: Pick<JobSpec, 'altDir' | 'pwd'>): string {
  return spec.altDir === undefined ? context.cwd : join(spec.altDir, spec.pwd)
}

/** The file of the dataset that a path in the alternative directory stands for, where there is one; else the path itself. */
export function inDataset(root: string, altDir: string | undefined, path: string): string {
  const below = altDir === undefined ? null : relativeTo(altDir, path)
  if (below === null) return path
  const file = join(root, below)
  return fileStatus(file) === undefined ? path : file
}

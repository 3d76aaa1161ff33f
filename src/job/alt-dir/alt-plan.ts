import { readlinkSync, realpathSync, statfsSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { sameBytes, sameContent, stamp } from '../../dataset/copy-file.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import { absentInputs } from '../../dataset/inputs.ts'
import { relativeTo } from '../../dataset/paths.ts'
import { covers } from '../../ledger/covers.ts'
import { literalPrefix } from '../../ledger/path-pattern.ts'
import type { AltNotes } from './alt-notes.ts'
import type { Context, Job } from '../context.ts'
import { logFolders } from '../logs-plan.ts'
import type { Note } from '../note.ts'
import { calledName } from '../select.ts'
import type { JobSpec } from '../spec.ts'

/** Something to be put into the alternative directory: a file's content, or a link as it stands. */
export type Wanted =
  | { readonly path: string; readonly kind: 'file'; readonly size: number; readonly writable: boolean }
  | { readonly path: string; readonly kind: 'link'; readonly text: string }

/** What is to be done there before a job can start. */
export interface AltPlan {
  readonly copies: readonly Wanted[]
  /** Files that lie there already, as copies of ours for other open jobs. */
  readonly shared: AltNotes['copied']
  /** Folders that the job needs, those above first. */
  readonly folders: readonly string[]
  readonly made: readonly string[]
}

/** An open job that relies on what lies in the same directory. */
export interface Neighbour {
  readonly job: Job
  readonly notes: AltNotes
}

/** The root-relative files that a job reads and that lie in the dataset: its inputs, and its script. */
export function neededFiles(spec: JobSpec): readonly string[] {
  const script = spec.script?.path ?? null
  const paths = [...spec.identities.map(({ path }) => path), ...(script === null ? [] : [script])]
  return [...new Set(paths.filter((path) => !path.startsWith('/')))]
}

/** Finds out what has to be copied. Changes nothing. @throws the system's error when something cannot be read. */
export async function planAltDir(
  context: Context,
  job: Job,
  dir: string,
  neighbours: readonly Neighbour[],
): Promise<Fallible<AltPlan, Note>> {
  const needed = neededFiles(job.spec)
  const [absent] = absentInputs(context.dataset, needed)
  if (absent !== undefined)
    return fail({ kind: 'input-not-fetched', path: absent.path, detail: 'its content is not here' })
  const copies: Wanted[] = []
  const shared: AltNotes['copied'][number][] = []
  for (const path of needed) {
    const wanted = wantedFile(context, job, path)
    if (wanted === null) continue
    if (await liesThere(context, dir, wanted)) {
      const now = stamp(join(dir, path))
      const ours = neighbours.some(({ notes }) =>
        notes.copied.some((one) => one.path === path && sameContent(one.stamp, now)),
      )
      if (ours && now !== null) shared.push({ path, stamp: now })
      continue
    }
    const user = neighbours.find((one) => fileStatus(join(dir, path)) !== undefined && uses(one, path))
    if (user !== undefined)
      return fail({
        kind: 'alt-file-in-use',
        path,
        dir,
        job: calledName(user.job),
      })
    copies.push(wanted)
  }
  const folders = neededFolders(context, job.spec, needed)
  const made = folders.filter(
    (path) =>
      fileStatus(join(dir, path)) === undefined || neighbours.some(({ notes }) => notes.made.includes(path)),
  )
  const trouble = folderTrouble(context, dir, folders) ?? spaceTrouble(context, dir, copies)
  return trouble === null ? ok({ copies, shared, folders, made }) : fail(trouble)
}

/** Whether a job reads or writes a path in the directory that both use. */
export function uses({ job }: Neighbour, path: string): boolean {
  return neededFiles(job.spec).includes(path) || job.spec.outputs.some((output) => covers(output, path))
}

function wantedFile(context: Context, { spec }: Job, path: string): Wanted | null {
  const file = join(context.dataset.root, path)
  const stat = fileStatus(file)
  const target = stat?.isSymbolicLink() ? statSync(file, { throwIfNoEntry: false }) : stat
  if (target?.isFile()) {
    const writable = spec.outputs.some((output) => covers(output, path))
    return { path, kind: 'file', size: target.size, writable }
  }
  // A link to a folder, or to nothing: what it means there depends on what else is there.
  return stat?.isSymbolicLink() ? { path, kind: 'link', text: readlinkSync(file) } : null
}

async function liesThere(context: Context, dir: string, wanted: Wanted): Promise<boolean> {
  const there = join(dir, wanted.path)
  const stat = fileStatus(there)
  if (stat === undefined) return false
  if (wanted.kind === 'link') return stat.isSymbolicLink() && readlinkSync(there) === wanted.text
  const target = stat.isSymbolicLink() ? statSync(there, { throwIfNoEntry: false }) : stat
  if (!target?.isFile() || target.size !== wanted.size) return false
  const source = join(context.dataset.root, wanted.path)
  const lacksExecution = (statSync(source).mode & 0o111 & ~target.mode) !== 0
  return !lacksExecution && (await sameBytes(source, there))
}

/** The directory of submission, those of outputs and logs that stand in the dataset, and those of what the job reads. */
function neededFolders(context: Context, spec: JobSpec, needed: readonly string[]): readonly string[] {
  const isFolder = (path: string): boolean =>
    fileStatus(join(context.dataset.root, path))?.isDirectory() ?? false
  const outputs = spec.outputs.map((output) => literalPrefix(output))
  const logs = logFolders(spec, context.user)
  const likely = [...outputs, ...outputs.map((path) => posix.dirname(path)), ...logs].filter(isFolder)
  const all = [spec.pwd, ...likely, ...needed.map((path) => posix.dirname(path))].flatMap(withAbove)
  return [...new Set(all)].toSorted((a, b) => a.split('/').length - b.split('/').length)
}

/** A folder and those above it, without the root. */
export function withAbove(folder: string): readonly string[] {
  const segments = folder.split('/').filter((segment) => segment !== '' && segment !== '.')
  return segments.map((_, i) => segments.slice(0, i + 1).join('/'))
}

function folderTrouble(context: Context, dir: string, folders: readonly string[]): Note | null {
  for (const path of folders) {
    const folder = join(dir, path)
    const stat = statSync(folder, { throwIfNoEntry: false })
    if (stat === undefined && fileStatus(folder) === undefined) continue
    if (!stat?.isDirectory()) return { kind: 'alt-no-folder', dir, path }
    // What is copied there would replace the dataset's own files.
    const { root, commonDir } = context.dataset
    const real = realpathSync(folder)
    if ([root, commonDir].some((own) => relativeTo(own, real) !== null))
      return { kind: 'alt-leads-back', dir, path }
  }
  return null
}

function spaceTrouble(context: Context, dir: string, copies: readonly Wanted[]): Note | null {
  // On one file system blocks may be shared: then copies take no space, and where not, copying itself will tell.
  if (statSync(dir).dev === statSync(context.dataset.root).dev) return null
  const bytes = copies.reduce((sum, one) => sum + (one.kind === 'file' ? one.size : 0), 0)
  const { bavail, bsize } = statfsSync(dir)
  return bytes > bavail * bsize ? { kind: 'alt-dir-full', dir, bytes, free: bavail * bsize } : null
}

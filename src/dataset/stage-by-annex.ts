import {
  accessSync,
  chmodSync,
  constants,
  linkSync,
  lstatSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { classify, type DatasetFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import { gitAnnex } from './git.ts'
import { addByGit } from './stage-by-git.ts'
import type { Added, RefusedFile, StageWork } from './stage.ts'
import { pointerKeys } from './unchanged.ts'

/** What `git annex add --json --json-error-messages` says of one file. */
interface Reply {
  readonly success?: boolean
  readonly key?: string
  readonly 'error-messages'?: readonly string[]
  /** `non-large file; adding content to git repository` */
  readonly note?: string
}

/**
 * Adds regular files by `git annex add --batch` into the private index: git-annex decides what is annexed, and whether it
 * is locked. Files that are unlocked in HEAD stay unlocked. One process, or two where there are such files.
 * Names that hold a newline go apart, since git-annex hands those it leaves to git one a line.
 */
export async function addByAnnex(
  work: StageWork,
  paths: readonly string[],
): Promise<Fallible<Added, DatasetFailure>> {
  const before = paths.flatMap((path) => work.head.get(path) ?? [])
  const unlocked = await pointerKeys(work.dataset, before)
  if (!unlocked.ok) return unlocked
  const [readable, shut] = [new Array<string>(), new Array<string>()]
  for (const path of paths) (isReadable(work.dataset.root, path) ? readable : shut).push(path)
  const refused = shut.map((path): RefusedFile => ({ path, why: 'no-permission', message: '' }))
  let full: DatasetFailure | null = null
  const keys = new Map<string, string>()
  const byGit: string[] = []
  const queue: { readonly paths: readonly string[]; readonly unlock: boolean }[] = [false, true].flatMap(
    (unlock) => {
      const own = readable.filter((path) => unlocked.value.has(path) === unlock)
      return [
        { paths: own.filter((path) => !path.includes('\n')), unlock },
        { paths: own.filter((path) => path.includes('\n')), unlock },
      ]
    },
  )
  for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
    if (group.paths.length === 0) continue
    let answered = 0
    // Of most there is nothing to say but the key: only those are kept of which there is.
    const odd: { readonly path: string; readonly reply: Reply }[] = []
    const take = (line: Buffer): void => {
      // Names come back changed when they are not plain text: replies belong to requests by their order alone.
      const path = group.paths[answered++]
      if (path === undefined) return
      const reply = parseReply(line.toString('utf8'))
      if (reply.success !== true) odd.push({ path, reply })
      else if (reply.key !== undefined) keys.set(path, reply.key)
    }
    const args = ['add', '--json', '--json-error-messages', '--no-check-gitignore', '--batch', '-z']
    const added = await gitAnnex(work.dataset, args, {
      // NUL separates: a final one would be an empty request, which loses the whole batch in 10.20230126.
      input: group.paths.join('\0'),
      index: work.index,
      config: group.unlock ? [['annex.addunlocked', 'true']] : [],
      pieces: { end: '\n', take },
    })
    if (!added.ok) return added
    const { code, signal, stderr } = added.value
    if (answered !== group.paths.length) {
      return fail(classify('annex add', { code, signal, message: stderr.trim() }))
    }
    const cut = odd.filter(({ reply }) => isCutOff(reply))
    if (cut.length > 0) {
      // git-annex decided that some go to git, and could not hand them over; others only came after them.
      const left = cut.filter(({ reply }) => reply.note?.startsWith('non-large'))
      const culprits = new Set((left.length === 0 ? cut.slice(0, 1) : left).map(({ path }) => path))
      byGit.push(...culprits)
      queue.push({ ...group, paths: cut.map(({ path }) => path).filter((path) => !culprits.has(path)) })
    }
    for (const { path, reply } of odd.filter((one) => !isCutOff(one.reply))) {
      const message = [...(reply['error-messages'] ?? [])].join('\n') || stderr.trim()
      giveBack(work.dataset.root, path, message)
      const failure = classify('annex add', { code, signal, message })
      // The others are looked at first: content may have to be given back.
      if (failure.kind === 'disk-full') full ??= failure
      refused.push({ path, why: reason(work.dataset.root, path, failure), message })
    }
  }
  if (full === null && refused.some(({ why }) => why === 'other') && isFull(work.dataset.gitDir)) {
    full = { kind: 'disk-full', message: refused[0]?.message ?? '' }
  }
  if (full !== null) return fail(full)
  const given = await addByGit(work, byGit)
  return given.ok ? ok({ refused: [...refused, ...given.value.refused], keys }) : given
}

/**
 * On a full disk, git-annex 10.20230126 takes a file into the annex, fails, and cannot put it back: it leaves nothing, or
 * an empty file, and says where the content is. A second name needs no space; the first may be another file's, too.
 */
function giveBack(root: string, path: string, message: string): void {
  const object = /should be located in (\.git\/annex\/objects\/.+)$/m.exec(message)?.[1]
  if (object === undefined) return
  const left = fileStatus(join(root, path))
  const content = lstatSync(join(root, object), { throwIfNoEntry: false })
  if (!content?.isFile() || (left !== undefined && !(left.isFile() && left.size < content.size))) return
  const folder = dirname(join(root, object))
  const { mode } = lstatSync(folder)
  chmodSync(folder, mode | 0o200)
  const name = join(folder, '.waybill-back')
  // One of a killed process would be in the way for good.
  rmSync(name, { force: true })
  linkSync(join(root, object), name)
  renameSync(name, join(root, path))
  chmodSync(folder, mode)
}

/** A helper of git-annex had ended: about the file itself this says nothing, but for the first. */
function isCutOff(reply: Reply): boolean {
  const said = reply['error-messages']?.join('\n') ?? ''
  return (
    reply.success !== true && /resource vanished|hGetLine: end of file|sha from git hash-object/.test(said)
  )
}

function isReadable(root: string, path: string): boolean {
  try {
    accessSync(join(root, path), constants.R_OK)
    return true
  } catch (error) {
    // Anything else is told when it is added.
    return (error as NodeJS.ErrnoException).code !== 'EACCES'
  }
}

/** git-annex does not always say why it failed: less than a block or two for its databases is reason enough. */
function isFull(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize < 65_536
}

/** An empty line means refused, without a word. */
function parseReply(line: string): Reply {
  return line === '' ? {} : (JSON.parse(line) as Reply)
}

function reason(root: string, path: string, failure: DatasetFailure): RefusedFile['why'] {
  const stat = fileStatus(join(root, path))
  if (stat === undefined) return 'vanished'
  if (!stat.isFile()) return 'changed'
  if (failure.kind === 'no-permission') return 'no-permission'
  const said = failure.kind === 'git-failed' ? failure.message : ''
  return /changed while it was being added|is being modified|opened for write|has writable|was modified/.test(
    said,
  )
    ? 'changed'
    : 'other'
}

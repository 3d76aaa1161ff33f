import { chmodSync, linkSync, lstatSync, renameSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { classify, type DatasetFailure } from './failure.ts'
import { gitAnnex } from './git.ts'
import type { Added, RefusedFile, StageWork } from './stage.ts'
import { pointerKeys } from './unchanged.ts'

/** What `git annex add --json --json-error-messages` says of one file. */
interface Reply {
  readonly success?: boolean
  readonly key?: string
  readonly 'error-messages'?: readonly string[]
}

/**
 * Adds regular files by `git annex add --batch` into the private index: git-annex decides what is annexed, and whether it
 * is locked. Files that are unlocked in HEAD stay unlocked. One process, or two where there are such files.
 */
export async function addByAnnex(
  work: StageWork,
  paths: readonly string[],
): Promise<Fallible<Added, DatasetFailure>> {
  const before = paths.flatMap((path) => work.head.get(path) ?? [])
  const unlocked = await pointerKeys(work.dataset, before)
  if (!unlocked.ok) return unlocked
  const refused: RefusedFile[] = []
  let full: DatasetFailure | null = null
  const keys = new Map<string, string>()
  const groups = [
    { paths: paths.filter((path) => !unlocked.value.has(path)), config: [] },
    {
      paths: paths.filter((path) => unlocked.value.has(path)),
      config: [['annex.addunlocked', 'true'] as const],
    },
  ]
  for (const group of groups) {
    if (group.paths.length === 0) continue
    const args = ['add', '--json', '--json-error-messages', '--no-check-gitignore', '--batch', '-z']
    const added = await gitAnnex(work.dataset, args, {
      // NUL separates: a final one would be an empty request, which loses the whole batch in 10.20230126.
      input: group.paths.join('\0'),
      index: work.index,
      config: group.config,
    })
    if (!added.ok) return added
    const { code, signal, stdout, stderr } = added.value
    const lines = stdout.toString('utf8').split('\n').slice(0, -1)
    // Names come back changed when they are not plain text: replies belong to requests by their order alone.
    if (lines.length !== group.paths.length) {
      return fail(classify('annex add', { code, signal, message: stderr.trim() }))
    }
    for (const [i, path] of group.paths.entries()) {
      const reply = parseReply(lines[i] ?? '')
      if (reply.success !== true) {
        const message = [...(reply['error-messages'] ?? [])].join('\n') || stderr.trim()
        giveBack(work.dataset.root, path, message)
        const failure = classify('annex add', { code, signal, message })
        // The others are looked at first: content may have to be given back.
        if (failure.kind === 'disk-full') full ??= failure
        refused.push({ path, why: reason(work.dataset.root, path, failure), message })
      } else if (reply.key !== undefined) keys.set(path, reply.key)
    }
  }
  if (full === null && refused.some(({ why }) => why === 'other') && isFull(work.dataset.gitDir)) {
    full = { kind: 'disk-full', message: refused[0]?.message ?? '' }
  }
  return full === null ? ok({ refused, keys }) : fail(full)
}

/**
 * On a full disk, git-annex 10.20230126 takes a file into the annex, fails, and cannot put it back: it leaves nothing, or
 * an empty file, and says where the content is. A second name needs no space; the first may be another file's, too.
 */
function giveBack(root: string, path: string, message: string): void {
  const object = /should be located in (\.git\/annex\/objects\/.+)$/m.exec(message)?.[1]
  if (object === undefined) return
  const left = lstatSync(join(root, path), { throwIfNoEntry: false })
  const content = lstatSync(join(root, object), { throwIfNoEntry: false })
  if (!content?.isFile() || (left !== undefined && !(left.isFile() && left.size < content.size))) return
  const folder = dirname(join(root, object))
  const { mode } = lstatSync(folder)
  chmodSync(folder, mode | 0o200)
  linkSync(join(root, object), join(folder, '.waybill-back'))
  renameSync(join(folder, '.waybill-back'), join(root, path))
  chmodSync(folder, mode)
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
  const stat = lstatSync(join(root, path), { throwIfNoEntry: false })
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

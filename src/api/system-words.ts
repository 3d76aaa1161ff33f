import { printable } from './printable.ts'

/** What the system said no with (errno(3)): what that means, and what to do. A code that is not here is a bug of ours. */
const meanings: ReadonlyMap<string, readonly [what: string, next: string]> = new Map([
  ['EACCES', ['permission denied', 'look at the modes of it and of the folders above (`namei -l`)']],
  ['EPERM', ['not permitted', 'it belongs to another user, or is made immutable (`lsattr`)']],
  ['EROFS', ['the file system is read-only', 'work in a copy that can be written']],
  ['ENOSPC', ['no space left', 'free some, and run the command again']],
  ['EDQUOT', ['the quota is used up', 'free some space, and run the command again']],
  ['EFBIG', ['the file would become too large', 'look at `ulimit -f`']],
  ['ENOENT', ['it is not there (any more)', 'something else may remove files here; run the command again']],
  ['ENOTDIR', ['something on the way is a file, not a folder', 'move it away, or name another path']],
  ['EISDIR', ['it is a folder, and a file was expected', 'move it away, or name another path']],
  ['EEXIST', ['something is there already', 'move it away, and run the command again']],
  ['ENOTEMPTY', ['the folder is not empty', 'something else may write there; run the command again']],
  ['ENAMETOOLONG', ['the name is too long for the file system', 'choose a shorter one']],
  ['ELOOP', ['symlinks lead in a circle', 'mend or remove them']],
  ['EXDEV', ['it lies on another file system', 'keep the folders of one dataset on one file system']],
  ['EMFILE', ['too many files are open', 'raise the limit (`ulimit -n`), and run the command again']],
  ['ENFILE', ['too many files are open on this machine', 'try again later']],
  ['ENOMEM', ['not enough memory', 'use a machine with more, or look at `ulimit -v`']],
  ['EAGAIN', ['no more processes may be started', 'look at `ulimit -u`, and try again later']],
  ['E2BIG', ['a command line or the environment is too long', 'use fewer or shorter words']],
  ['ETXTBSY', ['the program is being written', 'try again']],
  ['EBUSY', ['it is in use', 'try again later']],
  ['EIO', ['the disk or the network file system failed', 'tell who looks after it']],
  [
    'ESTALE',
    ['the network file system lost it', 'change to the folder anew (`cd .`), and run the command again'],
  ],
  ['ETIMEDOUT', ['the network file system did not answer', 'try again later']],
  ['EOPNOTSUPP', ['the file system cannot do that', 'keep the dataset on another file system']],
  ['ENOSYS', ['the file system cannot do that', 'keep the dataset on another file system']],
])

/** An error of the system in words: what happened, to which path, what to do next. Null for anything else. */
export function systemWords(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string }
  if (code === undefined || syscall === undefined) return null
  if (syscall.includes('cwd'))
    return 'the current directory is gone or may not be read: `cd` to one that is there'
  if (syscall === 'uv_os_get_passwd')
    return "this machine has no account of your user id (`id`), so your jobs could not be told from others'; in a container, let it know the accounts of the cluster (/etc/passwd)"
  const [what, next] = meanings.get(code) ?? []
  if (what === undefined || next === undefined) return null
  const where = [path, dest].filter((one) => typeof one === 'string').map(printable)
  return `${where.length === 0 ? '' : `${where.join(' -> ')}: `}${what} (${code}, ${syscall}); ${next}`
}

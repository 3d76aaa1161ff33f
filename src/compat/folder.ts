import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { fileURLToPath } from 'node:url'
import { shippedText } from '../process/shipped.ts'

/** The folder of our stand-in for `datalad`: where it was installed, or one that the executable lays out. */
export function compatFolder(env: Readonly<Record<string, string>>): string {
  if (!isSea()) return fileURLToPath(new URL('../compat', import.meta.url))
  const text = shippedText('datalad.sh', import.meta.url)
  return layOut({ text, program: process.execPath, cache: env['XDG_CACHE_HOME'], uid: process.getuid?.() })
}

/** What is laid out, and where. */
export interface Layout {
  /** The stand-in's text. */
  readonly text: Buffer
  /** Absolute path of the command that it calls. */
  readonly program: string
  /** The user's folder for caches; `~/.cache` when it is empty or not given. */
  readonly cache: string | undefined
  /** The user, who must own what others could have made. */
  readonly uid: number | undefined
  /** For a folder that is made anew each time, where no cache can be used; the system's unless given. */
  readonly temporary?: string
}

/**
 * Makes a folder that holds `datalad` and a link `waybill`, in the user's own cache, and gives its path. It is named by
 * what it holds, so that versions do not mix, and looked at each time: it is code that will be run. Where no folder can be
 * kept that only the user can write, it is a new temporary one.
 */
export function layOut(layout: Layout): string {
  try {
    const folder = keptFolder(layout)
    if (folder !== null) {
      fill(folder, layout)
      return folder
    }
  } catch {
    // Read-only, full, or no folder at all.
  }
  const folder = mkdtempSync(join(layout.temporary ?? tmpdir(), 'waybill-compat-'))
  fill(folder, layout)
  return folder
}

function keptFolder({ text, program, cache, uid }: Layout): string | null {
  const hash = createHash('sha256').update(text).update('\0').update(program).digest('hex')
  const folder = join(cache || join(homedir(), '.cache'), 'waybill', `compat-${hash.slice(0, 16)}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const safe = [dirname(folder), folder].every((path) => {
    const stat = statSync(path)
    return stat.uid === uid && (stat.mode & 0o022) === 0
  })
  return safe ? folder : null
}

// By renames: of several at once each leaves the same, and one that is killed leaves what was there.
function fill(folder: string, { text, program }: Layout): void {
  const datalad = join(folder, 'datalad')
  if (!holds(datalad, text)) {
    replace(datalad, (draft) => {
      writeFileSync(draft, text, { flag: 'wx' })
      chmodSync(draft, 0o700)
    })
  }
  const link = join(folder, 'waybill')
  if (!leadsTo(link, program)) replace(link, (draft) => symlinkSync(program, draft))
}

function holds(path: string, text: Buffer): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && (stat.mode & 0o777) === 0o700 && readFileSync(path).equals(text)
}

function leadsTo(path: string, target: string): boolean {
  return (
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === target
  )
}

function replace(path: string, make: (draft: string) => void): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    make(draft)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

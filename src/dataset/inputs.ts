import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { sizeOfKey } from './annex-key.ts'
import { readAnnexedFile } from './annexed-file.ts'
import { classify, type DatasetFailure } from './failure.ts'
import { chunks, gitAnnex } from './git.ts'
import type { Dataset } from './locate.ts'

/** An annexed file whose content is not here. `size` in bytes where the key states it. */
export interface AbsentInput {
  readonly path: string
  readonly key: string
  readonly size: number | null
}

/** What came of fetching one file; `message` is git-annex's own when it could not. */
export interface FetchedInput {
  readonly path: string
  readonly fetched: boolean
  readonly message: string
}

/** Which of these files are annexed and have no content here. Looks at the files alone; starts no process. */
export function absentInputs(dataset: Dataset, paths: Iterable<string>): readonly AbsentInput[] {
  const absent: AbsentInput[] = []
  for (const path of paths) {
    const file = readAnnexedFile(dataset, path)
    if (file !== null && file.object === null) absent.push({ path, key: file.key, size: sizeOfKey(file.key) })
  }
  return absent
}

/**
 * Lets git-annex fetch the content of files, by one process for each 100 kB of names, and as many transfers at once as
 * told (null: its own choice); what then is here was fetched.
 */
export async function fetchInputs(
  dataset: Dataset,
  absent: readonly AbsentInput[],
  transfers: number | null,
): Promise<Fallible<readonly FetchedInput[], DatasetFailure>> {
  const messages = new Map<string, string>()
  for (const paths of chunks(absent.map((input) => input.path))) {
    const jobs = transfers === null ? [] : [`--jobs=${transfers}`]
    const names = paths.map((path) => `./${path}`)
    const got = await gitAnnex(dataset, ['get', '--json', '--json-error-messages', ...jobs, '--', ...names])
    if (!got.ok) return got
    const { code, signal, stderr } = got.value
    const full = code === 0 ? null : classify('annex get', { code, signal, message: stderr })
    if (full?.kind === 'disk-full') return fail(full)
    const lines = got.value.stdout.toString('utf8').split('\n').slice(0, -1)
    const replies = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Reply)
    for (const [i, path] of paths.entries()) {
      // One reply a file, in their order unless several come at once: by name only where git-annex could print the name.
      const inOrder = transfers === null && replies.length === paths.length
      const reply = replies.find((one) => one.file === path) ?? (inOrder ? replies[i] : undefined)
      messages.set(
        path,
        [...(reply?.['error-messages'] ?? []), reply?.note ?? ''].join('\n').trim() || stderr.trim(),
      )
    }
  }
  return ok(
    absent.map(({ path }) => {
      const file = readAnnexedFile(dataset, path)
      const fetched = file === null || file.object !== null
      return { path, fetched, message: fetched ? '' : (messages.get(path) ?? '') }
    }),
  )
}

interface Reply {
  readonly file?: string
  readonly note?: string
  readonly 'error-messages'?: readonly string[]
}

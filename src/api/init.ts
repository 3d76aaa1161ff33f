import { realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { writeExample } from '../assets/example.ts'
import { locate } from '../dataset/locate.ts'
import { checkArgument, checkOptions, text } from './check-options.ts'
import { definedOnly, variables } from './environment.ts'
import { exitCode } from './exit-code.ts'
import type { Outcome } from './result.ts'
import { errorOf, withWords } from './waybill-error.ts'
import { assetFailureWords } from './words-assets.ts'

/** What `init` may be told. */
export interface InitOptions {
  /** The environment of programs; default: this process's. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/**
 * Writes an example of definitions with its scripts into the folder `path`, as `waybill init`; what is there already is left
 * as it is, and then nothing is written.
 * @throws WaybillError where the folder is in no dataset, or cannot be written.
 */
export async function init(path = '.', options: InitOptions = {}): Promise<Outcome> {
  checkArgument('init', 'the path', path, text)
  checkOptions('init', options, { env: variables })
  return withWords(async (): Promise<Outcome> => {
    const located = await locate(path, options.env ?? definedOnly(process.env))
    if (!located.ok) throw errorOf(located.failure)
    const folder = realpathSync(path)
    const named = (file: string): string => relative(located.value.root, join(folder, file))
    const written = writeExample(folder)
    if (!written.ok) {
      const message = assetFailureWords(written.failure)
      const result = {
        action: 'init',
        status: 'impossible',
        path: named(written.failure.path),
        message,
      } as const
      return { results: [result], exitCode: exitCode.trouble }
    }
    const results = written.value.map(
      (file) => ({ action: 'init', status: 'ok', path: named(file) }) as const,
    )
    return { results, exitCode: exitCode.ok }
  })
}

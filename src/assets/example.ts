import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { shippedText } from '../process/shipped.ts'
import { definitionFiles } from './definitions/find-file.ts'

/** The files of the example, as they are shipped and as they are written. */
const files = [
  { from: 'example/waybill.yaml', to: 'waybill.yaml', mode: 0o666 },
  { from: 'example/fetch.sh', to: 'scripts/fetch.sh', mode: 0o777 },
  { from: 'example/model.sh', to: 'scripts/model.sh', mode: 0o777 },
  { from: 'example/report.sh', to: 'scripts/report.sh', mode: 0o777 },
] as const

/** Something lies where the example would. */
export interface ExampleFailure {
  readonly kind: 'already-there'
  readonly path: string
}

/**
 * Writes the example into a folder and gives the paths of its files, relative to it. Nothing is written where any of them
 * is there already, or other definitions are.
 * @throws the system's error where the folder cannot be written.
 */
export function writeExample(folder: string): Fallible<readonly string[], ExampleFailure> {
  const taken = [...definitionFiles, ...files.map(({ to }) => to)].find((path) =>
    existsSync(join(folder, path)),
  )
  if (taken !== undefined) return fail({ kind: 'already-there', path: taken })
  for (const { from, to, mode } of files) {
    const path = join(folder, to)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, shippedText(from, import.meta.url), { flag: 'wx', mode })
  }
  return ok(files.map(({ to }) => to))
}

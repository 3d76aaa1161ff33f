import { ok, type Fallible } from '../../contract/fallible.ts'
import { installSubdataset } from '../../dataset/install-subdataset.ts'
import { normaliser } from '../../dataset/paths.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'

/** Checks out the subdatasets that some paths (as the user typed them) lie in and that are not yet, level by level. */
export async function installFor(
  context: Context,
  texts: readonly string[],
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  const looked = (): ReturnType<typeof normaliser> =>
    normaliser(context.dataset, context.cwd, { patterns: true })
  let normalise = looked()
  for (const text of texts) {
    for (;;) {
      const path = normalise(text)
      // What else is wrong with a path is told where it is used.
      if (path.ok || path.failure.kind !== 'subdataset-not-installed') break
      const { submodule } = path.failure
      const installed = await installSubdataset(context.dataset, submodule)
      if (!installed.ok) return installed
      normalise = looked()
      report({ action: 'install', status: 'ok', path: submodule, type: 'dataset' })
    }
  }
  return ok(null)
}

import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'
import { isRepository } from './paths.ts'
import { join } from 'node:path'
import { subdatasetsOf, within } from './subdatasets.ts'

/** Checks a submodule out (its path relative to the root of the top dataset) by `git submodule update --init`. */
export async function installSubdataset(
  top: Dataset,
  submodule: string,
): Promise<Fallible<null, DatasetFailure>> {
  const subdatasets = subdatasetsOf(top, { initialise: false })
  const above = subdatasets.holder(submodule)
  const dataset = await subdatasets.open(above)
  if (!dataset.ok) return dataset
  const done = await git(
    dataset.value,
    ['submodule', '--quiet', 'update', '--init', '--', within(above, submodule)],
    { literal: true },
  )
  if (!done.ok) return done
  // git says nothing of a path that .gitmodules alone knows.
  return isRepository(join(top.root, submodule))
    ? ok(null)
    : fail({ kind: 'subdataset-not-installed', path: submodule, submodule })
}

import { join } from 'node:path'
import { makeRepository, type RepositoryOptions } from './repository.ts'
import type { Sandbox } from './sandbox.ts'
import { addFiles, sandboxWithDataset } from './scenario.ts'

/** Makes a repository and registers it as a submodule of another, in a folder of it; both are committed. */
export async function addSubdataset(
  box: Sandbox,
  above: string,
  path: string,
  options: RepositoryOptions = {},
): Promise<void> {
  await makeRepository(box, join(above, path), options)
  await addFiles(box, join(above, path), { 'first.txt': 'first\n' })
  await box.git(above, 'submodule', '--quiet', 'add', `./${path}`, path)
  await box.git(above, 'commit', '-q', '-m', `Add ${path}`, '--', '.gitmodules', path)
}

/** The dataset `ds` with a subdataset `sub`, and another `sub/deep` in that. */
export async function sandboxWithSubdatasets(options: RepositoryOptions = {}): Promise<Sandbox> {
  const box = await sandboxWithDataset({}, options)
  await addSubdataset(box, 'ds', 'sub', options)
  await addSubdataset(box, 'ds/sub', 'deep', options)
  await box.git('ds', 'commit', '-q', '-m', 'Point to sub', '--', 'sub')
  return box
}

/** The commit that a dataset points to, and the one its subdataset stands at: the same when all is well. */
export async function pointerAndHead(
  box: Sandbox,
  above: string,
  path: string,
  revision = 'HEAD',
): Promise<readonly [string, string]> {
  const pointer = await box.git(above, 'rev-parse', `${revision}:${path}`)
  return [pointer, await box.git(join(above, path), 'rev-parse', 'HEAD')]
}

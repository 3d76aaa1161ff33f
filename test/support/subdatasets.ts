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

/** How many records of each job (by its token) the history of each of some datasets holds. */
export async function recordsIn(
  box: Sandbox,
  folders: readonly string[],
): Promise<Readonly<Record<string, readonly number[]>>> {
  const found: Record<string, readonly number[]> = {}
  for (const folder of folders) {
    const text = await box.git(folder, 'log', '--format=%B')
    const tokens = [...text.matchAll(/"token": "([^"]+)"/g)].map(([, token]) => token)
    found[folder] = [...Map.groupBy(tokens, (token) => token).values()].map(({ length }) => length)
  }
  return found
}

/** What must be true of a subdataset at rest: whole, nothing of ours left over, and the one above points to it. */
export async function atRest(box: Sandbox, above: string, path: string): Promise<void> {
  const cwd = join(above, path)
  const problems: string[] = []
  const fsck = await box.run(['git', 'fsck', '--strict', '--no-dangling', '--no-progress'], {
    cwd,
    allowFailure: true,
  })
  if (fsck.code !== 0) problems.push(`git fsck: ${fsck.stdout}${fsck.stderr}`)
  const find =
    'find .git -name "*.lock" ! -path ".git/annex/*"; ls -d .git/index.waybill-* .git/waybill-*.lock 2>/dev/null;' +
    ' git for-each-ref refs/waybill; find .git/waybill -type f 2>/dev/null; :'
  const left = (await box.run(['sh', '-c', find], { cwd })).stdout
  if (left !== '') problems.push(`left over in ${cwd}:\n${left}`)
  const [pointer, head] = await pointerAndHead(box, above, path)
  if (pointer !== head) problems.push(`${above} points to ${pointer}, ${path} is at ${head}`)
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

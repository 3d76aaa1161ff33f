import type { Sandbox } from './sandbox.ts'
import { addFiles, recordOf, sandboxWithDataset } from './scenario.ts'

/** The sites of `assetsHead`: this machine, and the sandbox's cluster. */
export const sites = ['here', 'cluster'] as const

/** How definitions of a test begin; its assets follow, indented by two blanks. */
export const assetsHead = `
sites: { here: { scheduler: local }, cluster: { scheduler: slurm } }
defaultSite: here
assets:`

/** A dataset `ds` with definitions and files, committed. */
export async function project(
  yaml: string,
  files: Readonly<Record<string, string>> = {},
  env?: Readonly<Record<string, string>>,
): Promise<Sandbox> {
  const box = await sandboxWithDataset(env === undefined ? {} : { env })
  await addFiles(box, 'ds', { 'waybill.yaml': yaml, ...files })
  return box
}

/** What each record of an asset made, oldest first: `model gold`. */
export async function assetsMade(box: Sandbox): Promise<readonly string[]> {
  const commits = (await box.git('ds', 'log', '--reverse', '--format=%H', '--grep="asset": {')).split('\n')
  const names: string[] = []
  for (const commit of commits.filter((one) => one !== '')) {
    const { waybill } = (await recordOf(box, commit)).record
    const { name, keys } = waybill['asset'] as { name: string; keys: readonly string[] | null }
    names.push([name, ...(keys ?? [])].join(' '))
  }
  return names
}

/** The newest record of a piece, by the words of its message: `model: gold`. */
export async function commitOfPiece(box: Sandbox, piece: string): Promise<string> {
  return box.git('ds', 'log', '-1', '--format=%H', `--grep=asset ${piece}`)
}

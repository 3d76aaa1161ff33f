import { parseIndices } from '../../src/contract/index-set.ts'
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

interface Made {
  /** A commit, or a task of the one that has the record of several: `HEAD:3`. */
  readonly record: string
  /** `model gold` */
  readonly piece: string
}

async function madePieces(box: Sandbox): Promise<readonly Made[]> {
  const commits = (await box.git('ds', 'log', '--reverse', '--format=%H', '--grep="asset": {')).split('\n')
  const made: Made[] = []
  for (const commit of commits.filter((one) => one !== '')) {
    const { waybill } = (await recordOf(box, commit)).record
    const { name, keys } = waybill['asset'] as { name: string; keys: readonly string[] | null }
    const tasks = waybill['recorded_tasks'] ?? tasksIn(waybill['tasks'])
    const own = typeof tasks === 'string' ? parseIndices(tasks) : null
    if (keys === null) made.push({ record: commit, piece: name })
    for (const [i, key] of (keys ?? []).entries()) {
      const record = keys?.length === 1 ? commit : `${commit}:${i}`
      if (own === null || own.includes(i)) made.push({ record, piece: `${name} ${key}` })
    }
  }
  return made
}

/** The tasks that the rows of an array's record name; null: of no array. */
function tasksIn(rows: unknown): string | null {
  return Array.isArray(rows) ? rows.map((row) => String(row).split(' ')[0]).join(',') : null
}

/** The keys that records of assets made, oldest first: `model gold`. */
export async function assetsMade(box: Sandbox): Promise<readonly string[]> {
  return (await madePieces(box)).map(({ piece }) => piece)
}

/** The newest record of a piece (`model gold`): a commit, or a task of one. */
export async function recordOfPiece(box: Sandbox, piece: string): Promise<string> {
  const found = (await madePieces(box)).findLast((one) => one.piece === piece)
  if (found === undefined) throw new Error(`no record of ${piece}`)
  return found.record
}

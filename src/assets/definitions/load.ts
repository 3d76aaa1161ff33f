import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { Capacity } from '../../contract/scheduler.ts'
import type { ClusterPartition } from '../../slurm/partitions.ts'
import { checkCluster } from './cluster-fit.ts'
import { codeWords } from './code-words.ts'
import { runConfig } from './config-module.ts'
import type { Definitions } from './definitions.ts'
import { typeWord, unfitPath, type ReadDocument } from './document.ts'
import { checkDefinedNames, checkNames, orderOf } from './graph.ts'
import type { Report } from './local-report.ts'
import { checkMachine } from './machine-fit.ts'
import { checkScripts } from './missing-scripts.ts'
import { checkOutputsOfAssets, checkOutputsOfKeys } from './output-conflicts.ts'
import type { FileProblem, Problem } from './problem.ts'
import { readDefinitions } from './read-definitions.ts'
import { readYaml } from './read-yaml.ts'
import { namesIn, needsIn, writtenPart } from './written-part.ts'
import { definitionsSchema } from './written-form.ts'

export { definitionsSchema }

/** Which definitions to read. */
export interface DefinitionsPlace {
  /** The absolute path of `waybill.yaml` or `waybill.config.ts`; the latter must be trusted, since it is run. */
  readonly file: string
  /** The dataset's root, absolute. */
  readonly root: string
  /** How problems name the file. */
  readonly shown: string
  /** Tells what the cluster has, where an asset runs on one; null: not known, and not looked at. */
  readonly askCluster: () => Promise<readonly ClusterPartition[] | null>
  /** What this machine has, where that is looked at. */
  readonly machine?: Capacity
}

/**
 * Reads definitions and proves them; all problems are told, in the order of the file.
 * @throws the system's error where the file cannot be read.
 */
export async function loadDefinitions(
  place: DefinitionsPlace,
): Promise<Fallible<Definitions, readonly Problem[]>> {
  const read = place.file.endsWith('.ts')
    ? await readConfig(place)
    : readYaml(readFileSync(place.file), place.shown)
  return read.ok ? proveDefinitions(read.value, place) : read
}

/** Proves definitions that were read. */
export async function proveDefinitions(
  document: ReadDocument,
  place: DefinitionsPlace,
): Promise<Fallible<Definitions, readonly Problem[]>> {
  const problems: Problem[] = []
  const report: Report = (facts, path, at = 'value') => {
    problems.push({ ...facts, path, where: document.where(path, at) })
  }
  const written = writtenPart(document.value, report)
  if (written === null) return fail(sorted(problems))
  const known = namesIn(document.value)
  checkDefinedNames(known, report)
  const folder = dirname(place.file)
  const where = { root: place.root, prefix: relative(place.root, folder) }
  const local = readDefinitions(written, where, report)
  checkNames(local, known, report)
  const order = orderOf(needsIn(written, known.assets), report)
  checkOutputsOfAssets(local.assets, document.where, report)
  for (const asset of local.assets.values()) checkOutputsOfKeys(asset, report)
  checkScripts(local.assets, where, report)
  const [anySite = 'here'] = local.sites.keys()
  const defaultSite = local.defaultSite ?? anySite
  const words = codeWords({ ...local, ...where })
  const own = { file: place.file, folder, defaultSite, order, codeWords: words, key: null }
  const definitions: Definitions = { ...local, ...where, ...own }
  const cluster = usesSlurm(definitions) ? await place.askCluster() : null
  if (cluster !== null) checkCluster(definitions, cluster, report)
  if (place.machine !== undefined) checkMachine(definitions, place.machine, report)
  return problems.length === 0 ? ok(definitions) : fail(sorted(problems))
}

async function readConfig(place: DefinitionsPlace): Promise<Fallible<ReadDocument, readonly Problem[]>> {
  const where = { file: place.shown, line: 1, column: 1 }
  const one = (facts: FileProblem): { readonly ok: false; readonly failure: readonly Problem[] } =>
    fail([{ ...facts, where, path: [] }])
  try {
    const value = await runConfig(place.file)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return one({ kind: 'not-a-mapping', found: typeWord(value) })
    return unfitPath(value) === null ? ok({ value, where: () => where }) : one({ kind: 'too-deep' })
  } catch (error) {
    return one({ kind: 'config-failed', message: error instanceof Error ? error.message : String(error) })
  }
}

function usesSlurm({ assets, sites, defaultSite }: Definitions): boolean {
  return [...assets.values()].some(({ site }) => sites.get(site ?? defaultSite)?.scheduler === 'slurm')
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.where.line - b.where.line || a.where.column - b.where.column)
}

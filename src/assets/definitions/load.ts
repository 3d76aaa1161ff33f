import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { ClusterPartition } from '../../slurm/partitions.ts'
import { checkCluster } from './cluster-fit.ts'
import { runConfig } from './config-module.ts'
import type { Definitions } from './definitions.ts'
import { typeWord, unfitPath, type ReadDocument } from './document.ts'
import { checkNames, orderOf } from './graph.ts'
import type { Report } from './local-report.ts'
import { checkScripts } from './missing-scripts.ts'
import { checkOutputsOfAssets, checkOutputsOfKeys } from './output-conflicts.ts'
import type { FileProblem, Problem, ValuePath } from './problem.ts'
import { readDefinitions } from './read-definitions.ts'
import { readYaml } from './read-yaml.ts'
import { formProblems } from './schema-problems.ts'
import { definitionsSchema, writtenForm } from './written-form.ts'

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
  const form = formProblems(writtenForm, document.value)
  for (const { facts, path, at } of form) report(facts, path, at)
  const known = namesIn(document.value)
  const parsed = writtenForm.safeParse(
    without(
      document.value,
      form.map(({ path }) => path),
    ),
  )
  if (!parsed.success) return fail(sorted(problems))
  const folder = dirname(place.file)
  const where = { root: place.root, prefix: relative(place.root, folder) }
  const local = readDefinitions(parsed.data, where, report)
  checkNames(local, known, report)
  const order = orderOf(local.assets, report)
  checkOutputsOfAssets(local.assets, document.where, report)
  for (const asset of local.assets.values()) checkOutputsOfKeys(asset, report)
  checkScripts(local.assets, where, report)
  const [anySite = 'here'] = local.sites.keys()
  const defaultSite = local.defaultSite ?? anySite
  const definitions: Definitions = { ...local, ...where, file: place.file, folder, defaultSite, order }
  const cluster = usesSlurm(definitions) ? await place.askCluster() : null
  if (cluster !== null) checkCluster(definitions, cluster, report)
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

/** Every name that is defined, whatever is wrong with what it names. */
function namesIn(value: unknown): {
  readonly assets: ReadonlySet<string>
  readonly externals: ReadonlySet<string>
  readonly sites: ReadonlySet<string>
} {
  const keys = (name: string): ReadonlySet<string> => {
    const one: unknown = isMapping(value) && Object.hasOwn(value, name) ? value[name] : undefined
    return new Set(isMapping(one) ? Object.keys(one) : [])
  }
  const sites = keys('sites')
  const none = !isMapping(value) || value['sites'] === undefined
  return { assets: keys('assets'), externals: keys('external'), sites: none ? new Set(['here']) : sites }
}

/** The value without the definitions that hold these paths: what is right in it can be looked at all the same. */
function without(value: unknown, paths: readonly ValuePath[]): unknown {
  if (!isMapping(value) || paths.length === 0) return value
  const result: Record<string, unknown> = { ...value }
  for (const [first, second] of paths) {
    if (first === undefined) continue
    const one = result[first]
    const named = ['sites', 'assets', 'external'].includes(String(first))
    if (second === undefined || !named || !isMapping(one)) delete result[first]
    else result[first] = Object.fromEntries(Object.entries(one).filter(([name]) => name !== String(second)))
  }
  return result
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.where.line - b.where.line || a.where.column - b.where.column)
}

import type { Partitions } from './key-space.ts'
import type { MetricCondition } from '../../job/metric-condition.ts'
import type { Resources } from './resources.ts'
import type { RunSpec } from './run-spec.ts'
import type { Template } from './template.ts'

/** Anything that JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** What one level says about how a job runs; what it does not say, a weaker level may. */
export interface Overrides {
  readonly resources: Resources
  /** Options of sbatch by their long names: a value, true for a flag, false to take a weaker level's flag away. */
  readonly slurm: ReadonlyMap<string, string | boolean>
  readonly env: ReadonlyMap<string, Template>
}

/** A place where jobs run. */
export interface Site {
  readonly name: string
  readonly scheduler: 'local' | 'slurm'
  readonly defaults: Pick<Overrides, 'resources' | 'slurm'>
}

/** When a job is tried again. */
export interface Retry {
  /** How often it may run, the first time included. */
  readonly attempts: number
  /** The ends that are tried again, in Slurm's words. */
  readonly when: ReadonlySet<string>
  /** What each further attempt is multiplied by. */
  readonly grow: { readonly cpus: number; readonly memory: number; readonly time: number }
}

/** What is looked at after an asset was made: a command that must succeed, or a metric that must not be so. */
export type Check = { readonly name: string; readonly blocking: boolean } & (
  | { readonly kind: 'run'; readonly run: RunSpec }
  | { readonly kind: 'metric'; readonly metric: MetricCondition }
)

/** What others make, and what tells whether it has changed. */
export interface External {
  readonly name: string
  /** A line for sh. */
  readonly observe: string
  readonly description: string | null
}

/** One dataset of the graph with all defaults filled in, except those that a site or key decides (`settingsOf`). */
export interface Asset {
  readonly name: string
  /** Assets upstream, in the written order. */
  readonly needs: readonly string[]
  /** External sources that it is made of. */
  readonly observes: readonly string[]
  /** Patterns relative to the dataset's root, in normal form. */
  readonly inputs: readonly Template[]
  /** As inputs; each names every dimension. Empty: it lives elsewhere, and the payload reports its data version. */
  readonly outputs: readonly Template[]
  readonly run: RunSpec
  /** Null: it is made in one piece. */
  readonly partitions: Partitions | null
  readonly extras: { readonly [key: string]: Json }
  readonly own: Overrides
  readonly bySite: ReadonlyMap<string, Overrides>
  readonly byKey: ReadonlyMap<string, Overrides>
  readonly retry: Retry
  readonly checks: readonly Check[]
  readonly group: string | null
  /** The site that it names, or null: the default one. */
  readonly site: string | null
  readonly description: string | null
  readonly owners: readonly string[]
  readonly tags: readonly string[]
}

/** Definitions each of which is right by itself; whether they go together is not known. */
export interface LocallyValid {
  readonly sites: ReadonlyMap<string, Site>
  readonly defaultSite: string | null
  readonly assets: ReadonlyMap<string, Asset>
  readonly externals: ReadonlyMap<string, External>
}

/** Definitions that hold: names are known, there is no cycle, no two jobs write one path, scripts are there. */
export interface Definitions extends LocallyValid {
  /** The dataset's root, absolute. */
  readonly root: string
  /** The absolute path of their file. */
  readonly file: string
  /** Its folder: jobs run there, and scripts are named from there. */
  readonly folder: string
  /** The folder relative to the dataset's root; empty at the root. */
  readonly prefix: string
  readonly defaultSite: string
  /** Every asset behind those that it needs, otherwise as written. */
  readonly order: readonly string[]
  /** Words of an asset's command that may name files of its code (`codeWords`), where it has any. */
  readonly codeWords: ReadonlyMap<string, readonly string[]>
  /** What tells them from any others (`definitionsKey`); null: of code that is run nobody can tell. */
  readonly key: string | null
}

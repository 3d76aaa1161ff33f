import type { Json } from './definitions.ts'

/** Definitions as they are written in `waybill.yaml`, or made by `waybill.config.ts`; nothing more is known of them. */
export interface Written {
  /** Where jobs run. */
  readonly sites?: Readonly<Record<string, WrittenSite>> | undefined
  /** Where assets run that name no site. */
  readonly defaultSite?: string | undefined
  /** What is made. */
  readonly assets?: Readonly<Record<string, WrittenAsset>> | undefined
  /** What others make. */
  readonly external?: Readonly<Record<string, WrittenExternal>> | undefined
}

/** One asset as it is written. */
export interface WrittenAsset extends WrittenOverrides {
  readonly needs?: readonly string[] | undefined
  readonly inputs?: readonly string[] | undefined
  readonly outputs?: readonly string[] | undefined
  readonly run: WrittenRun
  readonly partitions?: Readonly<Record<string, WrittenDimension>> | undefined
  readonly extras?: Readonly<Record<string, Json>> | undefined
  readonly sites?: Readonly<Record<string, WrittenOverrides>> | undefined
  readonly keys?: Readonly<Record<string, WrittenOverrides>> | undefined
  readonly retry?: WrittenRetry | undefined
  readonly checks?: Readonly<Record<string, WrittenCheck>> | undefined
  readonly group?: string | undefined
  readonly site?: string | undefined
  readonly description?: string | undefined
  readonly owners?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
}

/** A value of an option or a variable. */
type WrittenValue = string | number | boolean

/** What a job may use; cpus, gpus and memory on each node. Memory in MiB and time in minutes where they are numbers. */
interface WrittenResources {
  readonly cpus?: number | undefined
  readonly gpus?: number | undefined
  readonly memory?: string | number | undefined
  readonly time?: string | number | undefined
  readonly nodes?: number | undefined
}

/** Resources, options of sbatch and variables of one level. */
export interface WrittenOverrides {
  readonly resources?: WrittenResources | undefined
  readonly slurm?: Readonly<Record<string, WrittenValue>> | undefined
  readonly env?: Readonly<Record<string, WrittenValue>> | undefined
}

/** A command: a line for sh, or one of a script and a program with its words. */
export type WrittenRun =
  | string
  | {
      readonly bash?: string | undefined
      readonly python?: string | undefined
      readonly exec?: readonly string[] | undefined
      readonly args?: readonly (string | number)[] | undefined
    }

/** A dimension: its keys, or the windows of time that are. */
export type WrittenDimension =
  | readonly (string | number)[]
  | { readonly start: string; readonly end?: string | undefined; readonly every: string }

/** When a job runs again. */
interface WrittenRetry {
  readonly attempts: number
  readonly when?: readonly string[] | undefined
  readonly grow?:
    | {
        readonly cpus?: number | undefined
        readonly memory?: number | undefined
        readonly time?: number | undefined
      }
    | undefined
}

/** What is looked at after an asset was made: a command, or a metric. */
export interface WrittenCheck {
  readonly run?: WrittenRun | undefined
  readonly metric?: string | undefined
  readonly blocking?: boolean | undefined
}

/** A place where jobs run. */
export interface WrittenSite {
  readonly scheduler: 'local' | 'slurm'
  /** Resources, and options of sbatch by their long names. */
  readonly defaults?: (WrittenResources & Readonly<Record<string, WrittenValue | undefined>>) | undefined
}

/** A source that others make. */
interface WrittenExternal {
  readonly observe: string
  readonly description?: string | undefined
}

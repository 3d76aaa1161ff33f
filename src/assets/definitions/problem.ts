import type { ConditionFailure } from '../../job/metric-condition.ts'
import type { BadName } from './asset-name.ts'
import type { SlurmOptionFacts } from './slurm-options.ts'

/** A place in a file of definitions; lines and columns count from 1. */
export interface Where {
  /** As the user would name it: relative to the directory of the command where it lies below, else absolute. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** The names and indices that lead to a value: `['assets', 'model', 'outputs', 0]`. */
export type ValuePath = readonly (string | number)[]

/** One thing that is wrong with definitions: what, and where. */
export type Problem = ProblemFacts & { readonly where: Where; readonly path: ValuePath }

/** What can be wrong, as facts. */
export type ProblemFacts = FileProblem | FormProblem | ValueProblem | GraphProblem | ClusterProblem

/** The file itself cannot be read as definitions. */
export type FileProblem =
  | { readonly kind: 'not-utf8' }
  | { readonly kind: 'file-too-large'; readonly bytes: number; readonly limit: number }
  | { readonly kind: 'empty-file' }
  | { readonly kind: 'not-a-mapping'; readonly found: string }
  | { readonly kind: 'yaml-syntax'; readonly message: string }
  | { readonly kind: 'tab-indent' }
  | { readonly kind: 'several-documents' }
  | { readonly kind: 'duplicate-key'; readonly key: string }
  | { readonly kind: 'too-deep' }
  | { readonly kind: 'too-many-aliases' }
  | { readonly kind: 'config-failed'; readonly message: string }

/** A value has not the form that its place asks for. */
export type FormProblem =
  | {
      readonly kind: 'unknown-key'
      readonly key: string
      readonly nearest: string | null
      readonly known: readonly string[]
    }
  | { readonly kind: 'missing-key'; readonly key: string }
  | { readonly kind: 'wrong-type'; readonly expected: readonly string[]; readonly found: string }
  | {
      readonly kind: 'not-one-of'
      readonly found: string
      readonly nearest: string | null
      readonly known: readonly string[]
    }
  | { readonly kind: 'out-of-range'; readonly least: number | null; readonly most: number | null }
  | { readonly kind: 'empty-value' }
  | { readonly kind: 'forbidden-character' }
  | { readonly kind: 'exactly-one'; readonly of: readonly string[]; readonly found: readonly string[] }
  | { readonly kind: 'other-form'; readonly message: string }

/** A value has its form, and cannot be all the same. */
export type ValueProblem =
  | { readonly kind: 'bad-name'; readonly name: string; readonly why: BadName }
  | { readonly kind: 'bad-dimension'; readonly name: string }
  | {
      readonly kind: 'bad-key'
      readonly key: string
      readonly why: 'characters' | 'dots' | 'twice' | 'blank'
    }
  | { readonly kind: 'bad-every'; readonly text: string }
  | { readonly kind: 'bad-instant'; readonly text: string }
  | { readonly kind: 'bad-window-start'; readonly text: string; readonly every: string }
  | { readonly kind: 'window-backwards'; readonly start: string; readonly end: string }
  | { readonly kind: 'too-many-keys'; readonly count: number; readonly limit: number }
  | {
      readonly kind: 'unknown-placeholder'
      readonly name: string
      readonly nearest: string | null
      readonly known: readonly string[]
    }
  | { readonly kind: 'key-not-shell-safe'; readonly dimension: string; readonly key: string }
  | { readonly kind: 'bad-memory'; readonly text: string }
  | { readonly kind: 'bad-time'; readonly text: string }
  | ConditionFailure
  | { readonly kind: 'bad-variable'; readonly name: string; readonly why: 'form' | 'own' }
  | { readonly kind: 'not-a-slurm-site'; readonly option: string }
  | SlurmOptionFacts

/** Values that do not go together. */
export type GraphProblem =
  | { readonly kind: 'unknown-need'; readonly name: string; readonly nearest: string | null }
  | {
      readonly kind: 'unknown-site'
      readonly name: string
      readonly nearest: string | null
      readonly known: readonly string[]
    }
  | { readonly kind: 'no-default-site'; readonly sites: readonly string[] }
  | { readonly kind: 'name-twice'; readonly name: string }
  | { readonly kind: 'cycle'; readonly names: readonly string[] }
  | { readonly kind: 'unknown-override-key'; readonly key: string; readonly nearest: string | null }
  | { readonly kind: 'keys-without-partitions' }
  | { readonly kind: 'path-leaves'; readonly written: string }
  | { readonly kind: 'path-in-git'; readonly written: string }
  | {
      readonly kind: 'output-lacks-dimension'
      readonly output: string
      readonly dimensions: readonly string[]
    }
  | { readonly kind: 'keys-share-output'; readonly output: string; readonly other: string }
  | {
      readonly kind: 'output-taken'
      readonly output: string
      readonly asset: string
      readonly other: string
      readonly at: Where
    }
  | { readonly kind: 'missing-script'; readonly file: string; readonly why: 'absent' | 'folder' }

/** What no partition of the cluster has. */
export type ClusterProblem =
  | {
      readonly kind: 'no-such-partition'
      readonly name: string
      readonly nearest: string | null
      readonly known: readonly string[]
    }
  | {
      readonly kind: 'no-partition-fits'
      readonly asset: string
      /** The partition key whose override asks for it; null: the asset as such. */
      readonly key: string | null
      readonly asked: string
      readonly partitions: readonly string[]
      /** What the partition that comes nearest lacks. */
      readonly lacking: readonly Lack[]
    }
  /** What would run on this machine asks for more than it has. */
  | { readonly kind: 'machine-lacks'; readonly key: string | null; readonly lacking: readonly Lack[] }

/** One quantity that a partition, or this machine, has too little of; null: it has no limit that could be told. */
export interface Lack {
  readonly what: 'cpus' | 'memory' | 'gpus' | 'nodes' | 'time'
  /** CPUs, bytes, GPUs (all of one node), nodes, seconds. */
  readonly asked: number
  readonly most: number
}

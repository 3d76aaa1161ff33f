import type { Metadata } from './metadata.ts'

/**
 * One thing that a payload said, as the ledger keeps it. `offset` is where its line begins in the file, in bytes;
 * `broken` is there when the line was not UTF-8, and what was not is U+FFFD in it.
 */
export type PipesEvent = Said & { readonly offset: number; readonly broken?: true }

/** What can be said. All but `attempt` and the last three are a payload's; `via` tells which of its two languages. */
export type Said =
  | { readonly kind: 'opened'; readonly extras: unknown }
  | { readonly kind: 'log'; readonly via: Via; readonly level: LogLevel; readonly message: string }
  | {
      readonly kind: 'materialization'
      readonly via: Via
      /** null: it did not say of which asset. */
      readonly assetKey: string | null
      readonly dataVersion: string | null
      readonly metadata: Metadata
    }
  | {
      readonly kind: 'check'
      readonly via: Via
      readonly assetKey: string | null
      readonly checkName: string
      readonly passed: boolean
      readonly severity: 'WARN' | 'ERROR'
      readonly metadata: Metadata
    }
  | { readonly kind: 'custom'; readonly via: Via; readonly payload: unknown }
  | { readonly kind: 'stream'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'closed'; readonly exception: PipesException | null }
  /** `start.sh` began this attempt: what came before is another's. */
  | { readonly kind: 'attempt'; readonly attempt: number }
  | { readonly kind: 'unknown-method'; readonly method: string }
  /** A line that says nothing: why, and its first 200 characters. It is skipped. */
  | { readonly kind: 'bad-line'; readonly why: BadLine; readonly text: string }
  /** The file was cut off or replaced: what stands in it now is read from its beginning, as new. */
  | { readonly kind: 'restarted' }

/** Dagster Pipes, or a plain line. */
export type Via = 'pipes' | 'plain'

/** The protocol's levels; other words of a payload become INFO. */
export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL'

/** `json`: not JSON, or not an object; `message`: a message of Pipes whose parameters are not those of its method. */
export type BadLine = 'json' | 'message' | 'too-deep' | 'too-long'

/** An exception as the protocol has it (PipesException of dagster-pipes); causes are nested. */
export interface PipesException {
  readonly message: string
  readonly name: string | null
  readonly stack: readonly string[]
  readonly cause: PipesException | null
  readonly context: PipesException | null
}

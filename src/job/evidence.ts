import type { EpochSeconds, SchedulerJobId } from '../contract/ids.ts'
import type { JobFacts } from '../contract/job-facts.ts'
import type { TaskFacts } from './arrays/task-facts.ts'

/** How a job's parts are named: a plain job has one nameless part, an array one an index, a heterogeneous job one a component. */
export type Parts =
  | { readonly kind: 'single' }
  | { readonly kind: 'array'; readonly indices: string }
  | { readonly kind: 'components'; readonly count: number }

/** Parts of one job that are in one state, with `parts` as in `0-97,99` (empty for a plain job). */
export interface Group {
  /** Which job, of a command that submitted by itself. */
  readonly job?: SchedulerJobId
  readonly parts: string
  readonly state: string
  readonly reason: string | null
  readonly exit: { readonly code: number; readonly signal: number } | null
}

/** One run of one part that was started again later, or the last of several. */
export interface AttemptFacts {
  /** Which job, of a command that submitted by itself. */
  readonly job?: SchedulerJobId
  readonly part: string
  readonly state: string
  readonly exit: { readonly code: number; readonly signal: number } | null
  readonly started: EpochSeconds | null
  readonly ended: EpochSeconds | null
  readonly facts: JobFacts
}

/** The newest evidence about a job, kept in the ledger: what is seen once stays known when the queue has forgotten it. */
export interface Evidence {
  readonly at: EpochSeconds
  readonly groups: readonly Group[]
  readonly started: EpochSeconds | null
  readonly ended: EpochSeconds | null
  readonly facts: JobFacts
  /** Only of parts that ran more than once. */
  readonly attempts: readonly AttemptFacts[]
  /** Of an array: what was measured of each task that accounting knows to be over. */
  readonly tasks?: TaskFacts
  /** Whether accounting had its last word: `off` where there is none to ask. */
  readonly accounting: 'complete' | 'pending' | 'off'
  /** A person's word where no witness could tell. */
  readonly assumed?: 'completed' | 'failed'
}

/** What a look means for a job. */
export type Verdict =
  | { readonly kind: 'pending' }
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly how: 'completed' | 'failed' }
  /** The witnesses answered, and none can tell. */
  | { readonly kind: 'unknown'; readonly why: string }
  /** A witness that was needed did not answer: nothing changes. */
  | { readonly kind: 'unanswered'; readonly why: string }

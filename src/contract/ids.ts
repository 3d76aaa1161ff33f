declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** The ledger's own number of a job. People see and type it as `w12`; it is never reused within a ledger. */
export type JobId = Brand<number, 'JobId'>

/** The ledger's own number of a run, which people see and type as `r7`; it is never reused within a ledger. */
export type RunId = Brand<number, 'RunId'>

/** The random word that travels with a submission (`--comment=waybill:<token>`): 20 lower-case letters and digits. */
export type JobToken = Brand<string, 'JobToken'>

/**
 * What the scheduler calls the job: Slurm's decimal job id (of the array, or of the first component of a
 * heterogeneous job), or the embedded scheduler's `w12`. Slurm reuses ids: never an identity without cluster and
 * submission time.
 */
export type SchedulerJobId = Brand<string, 'SchedulerJobId'>

/** A full hexadecimal commit id, SHA-1 (40 digits) or SHA-256 (64). */
export type CommitId = Brand<string, 'CommitId'>

/** Seconds since 1970-01-01 UTC, whole or fractional. */
export type EpochSeconds = number

/** Writes a job's number as people see it. */
export function jobName(id: JobId): string {
  return `w${id}`
}

/** Writes a run's number as people see it. */
export function runName(id: RunId): string {
  return `r${id}`
}

/** The number of a run that is called so; null for any other word. */
export function parseRunName(name: string): RunId | null {
  const digits = /^r([1-9]\d{0,14})$/.exec(name)?.[1]
  return digits === undefined ? null : (Number(digits) as RunId)
}

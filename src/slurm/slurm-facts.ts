import type { JobFacts } from '../contract/job-facts.ts'

/** Facts of Slurm's that go beyond what any scheduler knows. */
export interface SlurmFacts extends JobFacts {
  /** Steps that did not end well inside this job, such as `1 OUT_OF_MEMORY`: the job itself may be COMPLETED. */
  readonly step_states?: readonly string[]
}

/** Leaves out what is not known, so that a missing key never reads as zero. */
export function knownFacts(facts: { readonly [K in keyof SlurmFacts]: SlurmFacts[K] | null }): SlurmFacts {
  const known: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(facts))
    if (value !== null && value !== undefined) known[name] = value
  return known
}

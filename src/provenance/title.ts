/**
 * The state in a record's title, in datalad-slurm's words: `Completed`, `Failed`, `Array failed (some complete)`, …
 * `states` are the scheduler's words of all tasks, at least one.
 */
export function stateTitle(states: Iterable<string>): string {
  const kinds = new Set(states)
  const [only] = kinds
  if (kinds.size === 1 && only !== undefined) return only.charAt(0) + only.slice(1).toLowerCase()
  return kinds.has('COMPLETED') ? 'Array failed (some complete)' : 'Array failed (multiple causes)'
}

/** Whether a record's title says that the job (or every task) completed; a RUNCMD's says nothing. Early releases wrote `Complete`. */
export function titleSaysCompleted(text: string): boolean {
  return /^(?:Slurm job \S+: Completed|Processed batch job \S+: Completed?)(\n|$)/.test(text)
}

/** What Slurm's name of a job's part says: `101_3`, `101_[4-9%2]`, `7+1`, `12`. */
export interface PartName {
  readonly job: string
  readonly task: number | null
  /** In array notation, without brackets and `%limit`. */
  readonly folded: string | null
  readonly component: number | null
}

const form = /^(\d+)(?:_(?:(\d+)|\[([\d,:-]+)(?:%\d+)?\])|\+(\d+))?$/

/** Reads the job column of squeue (`%i`) and sacct (`JobID`); null for anything else. */
export function readPartName(text: string): PartName | null {
  const match = form.exec(text)
  if (match === null) return null
  const [, job = '', task, folded, component] = match
  return {
    job,
    task: task === undefined ? null : Number(task),
    folded: folded ?? null,
    component: component === undefined ? null : Number(component),
  }
}

import { covers } from '../../ledger/covers.ts'
import { isPattern, literalPrefix } from '../../ledger/path-pattern.ts'
import type { JobSpec } from '../spec.ts'

/** Which outputs were declared as each task's own. */
type Declared = Pick<JobSpec, 'outputs' | 'outputsPerTask'>

/** The outputs that were declared as a task's own. */
export function ownOutputs({ outputs, outputsPerTask = 0 }: Declared, task: number): readonly string[] {
  return outputs.slice(task * outputsPerTask, (task + 1) * outputsPerTask)
}

/** Tells whose own outputs a path is, or lies below. Costs what the path's depth costs, however many tasks there are. */
export function ownersByOutput({
  outputs,
  outputsPerTask = 0,
}: Declared): (path: string) => readonly number[] {
  const byPrefix = new Map<string, (readonly [output: string, task: number])[]>()
  if (outputsPerTask > 0) {
    for (const [i, output] of outputs.entries()) {
      const prefix = isPattern(output) ? literalPrefix(output) : output
      const own = [output, Math.floor(i / outputsPerTask)] as const
      const same = byPrefix.get(prefix)
      if (same === undefined) byPrefix.set(prefix, [own])
      else same.push(own)
    }
  }
  return (path) => {
    const owners: number[] = []
    for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      for (const [output, task] of byPrefix.get(at) ?? []) if (covers(output, path)) owners.push(task)
      if (at === '') return owners
    }
  }
}

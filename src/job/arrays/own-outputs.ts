import { parseIndices } from '../../contract/index-set.ts'
import { covers } from '../../ledger/covers.ts'
import { isPattern, literalPrefix } from '../../ledger/path-pattern.ts'
import type { JobSpec } from '../spec.ts'

/** Which outputs were declared as each task's own. */
type Declared = Pick<JobSpec, 'outputs' | 'outputsPerTask' | 'parts'>

/** Tells the outputs that were declared as a task's own. */
export function ownOutputs(spec: Declared): (task: number) => readonly string[] {
  const { outputs, outputsPerTask: each = 0 } = spec
  const places = new Map(tasksOf(spec).map((task, place) => [task, place]))
  return (task) => {
    const place = places.get(task)
    return place === undefined ? [] : outputs.slice(place * each, (place + 1) * each)
  }
}

/** Tells whose own outputs a path is, or lies below. Costs what the path's depth costs, however many tasks there are. */
export function ownersByOutput(spec: Declared): (path: string) => readonly number[] {
  const byPrefix = new Map<string, (readonly [output: string, task: number])[]>()
  const ownOf = ownOutputs(spec)
  for (const task of tasksOf(spec)) {
    for (const output of ownOf(task)) {
      const prefix = isPattern(output) ? literalPrefix(output) : output
      const same = byPrefix.get(prefix)
      if (same === undefined) byPrefix.set(prefix, [[output, task]])
      else same.push([output, task])
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

function tasksOf({ outputsPerTask = 0, parts }: Declared): readonly number[] {
  return outputsPerTask === 0 || parts.kind !== 'array' ? [] : parseIndices(parts.indices)
}

import { hasWildcard } from '../dataset/paths.ts'
import { expand } from '../dataset/walk.ts'
import { speaksOf } from './request.ts'
import type { JobSpec } from './spec.ts'

/**
 * The outputs that a record names: as declared, or what the patterns among them find now (`--expand`). A pattern that
 * finds nothing stays, so that the record still says what was to be made.
 */
export function expandedOutputs(root: string, spec: Pick<JobSpec, 'outputs' | 'expand'>): readonly string[] {
  if (!speaksOf(spec.expand ?? null, 'outputs')) return spec.outputs
  const found = spec.outputs.flatMap((output) => {
    const matches = hasWildcard(output)
      ? [...expand(root, { path: output, directory: false, pattern: true })]
      : []
    return matches.length === 0 ? [output] : matches
  })
  return [...new Set(found)]
}

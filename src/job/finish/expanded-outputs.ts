import { hasWildcard } from '../../dataset/paths.ts'
import { expand } from '../../dataset/walk.ts'
import type { EndedJob } from './ended.ts'
import { speaksOf } from '../schedule/request.ts'

/**
 * The outputs that a record names: as declared, or what the patterns among them find now (`--expand`). A pattern that
 * finds nothing stays, so that the record still says what was to be made.
 */
export function expandedOutputs(
  root: string,
  { job: { spec }, more = [] }: Pick<EndedJob, 'job' | 'more'>,
): readonly string[] {
  const outputs = [...new Set([...spec.outputs, ...more])]
  if (!speaksOf(spec.expand ?? null, 'outputs')) return outputs
  const found = outputs.flatMap((output) => {
    const matches = hasWildcard(output)
      ? [...expand(root, { path: output, directory: false, pattern: true })]
      : []
    return matches.length === 0 ? [output] : matches
  })
  return [...new Set(found)]
}

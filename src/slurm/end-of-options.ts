import type { SbatchLine } from './sbatch-line.ts'

/**
 * Where in the words of an sbatch command the first component's options end: what is put there wins over the same option
 * before it. `sbatch` is what was read from these words.
 */
export function endOfOptions(words: readonly string[], sbatch: SbatchLine): number {
  const operands = sbatch.script.kind === 'file' ? 1 + sbatch.args.length : 0
  const last = words.length - operands
  // What stands behind `--` is no option any more.
  const end = operands > 0 && words[last - 1] === '--' ? last - 1 : last
  const colon = sbatch.components.length > 1 ? words.indexOf(':') : -1
  return colon > 0 && colon < end ? colon : end
}

import { basename } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import { endOfOptions } from '../../slurm/end-of-options.ts'
import { readSbatch } from '../../slurm/sbatch-line.ts'
import { readFile } from '../schedule/command.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'

/** A command's words, and the line that the record will have for them. */
export interface CommandWords {
  readonly words: readonly string[]
  readonly cmd: string
}

/**
 * Puts options behind those that a recorded sbatch command has: there they win. In a heterogeneous job they are the first
 * component's. Fails where no sbatch would read them, and for words that are no options.
 */
export function withOverrides(
  context: Context,
  recorded: CommandWords,
  overrides: readonly string[],
): Fallible<CommandWords, Note> {
  if (overrides.length === 0) return ok(recorded)
  const { words } = recorded
  if (words.length < 2 || basename(words[0] ?? '') !== 'sbatch')
    return fail({ kind: 'overrides-need-sbatch', cmd: recorded.cmd })
  const around = { cwd: context.cwd, env: {}, readFile: () => null }
  const alone = ['sbatch', ...overrides]
  const given = readSbatch(alone, around)
  const stray = given.script.kind === 'file' || given.components.length > 1 || overrides.includes('--')
  if (stray)
    return fail({
      kind: 'override-no-option',
      word: alone[endOfOptions(alone, given)] ?? overrides.at(-1) ?? '',
    })
  const at = endOfOptions(words, readSbatch(words, { ...around, env: context.env, readFile }))
  const merged = words.toSpliced(at, 0, ...overrides.map(literal))
  return ok({ words: merged, cmd: joinWords(merged) })
}

/** What a user types now is no placeholder of the recorded command's. */
function literal(word: string): string {
  return word.replaceAll(/[{}]/g, '$&$&')
}

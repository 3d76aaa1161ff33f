import { quoteWord } from '../../provenance/shell-words.ts'

/** Variables as words for `env`. */
export function assignments(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`)
}

/** A script of sbatch's that does of an array's commands the one of its task; `common`: variables of all. */
export function arrayScript(
  common: Readonly<Record<string, string>>,
  tasks: Iterable<{ readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> }>,
): string {
  const lines = ['#!/bin/sh']
  for (const one of assignments(common)) lines.push(`export ${quoteWord(one)}`)
  lines.push('case $SLURM_ARRAY_TASK_ID in')
  let index = 0
  for (const { words, env } of tasks) {
    lines.push(`${index++}) exec ${['env', ...assignments(env), ...words].map(quoteWord).join(' ')} ;;`)
  }
  return `${[...lines, 'esac', 'echo "no such task: $SLURM_ARRAY_TASK_ID" >&2', 'exit 1'].join('\n')}\n`
}

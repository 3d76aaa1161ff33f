import { foreignOptions } from './foreign-options.ts'
import { readOptions, type GivenOption } from './getopt.ts'
import { readDirectives } from './script-directives.ts'

/** Input variables that are not named after their option (sbatch(1), INPUT ENVIRONMENT VARIABLES). */
const variables: Readonly<Record<string, string>> = {
  array: 'SBATCH_ARRAY_INX',
  mem: 'SBATCH_MEM_PER_NODE',
  switches: 'SBATCH_REQ_SWITCH',
  time: 'SBATCH_TIMELIMIT',
}

/**
 * The options that a batch script gives itself, as words for sbatch's command line, with the job's name that it would
 * have. What an environment variable of sbatch's says is left out, since that wins over a script. Null for a
 * heterogeneous job.
 */
export function liftDirectives(
  script: { readonly name: string; readonly text: string },
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] | null {
  const { components, foreign } = readDirectives(script.text)
  const [words = [], ...more] = components
  if (more.length > 0) return null
  const read = readOptions(words)
  const own = [
    ...(read.options.some(({ name }) => name === 'job-name')
      ? []
      : [{ name: 'job-name', value: script.name }]),
    ...(foreign === null || env['SBATCH_IGNORE_PBS'] !== undefined ? [] : foreignOptions(foreign)),
  ]
  // A plugin's options can only be passed on as they are, with all the others.
  if (read.unknown.length > 0) return [...wordsOf(own, env), ...words]
  return wordsOf([...own, ...read.options], env)
}

function wordsOf(
  options: readonly GivenOption[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return options
    .filter(({ name }) => {
      const variable = variables[name] ?? `SBATCH_${name.replaceAll('-', '_').toUpperCase()}`
      return env[variable] === undefined
    })
    .map(({ name, value }) => (value === null ? `--${name}` : `--${name}=${value}`))
}

/** The program and its argument that a script's first line names; the shell where it names none. */
export function interpreterOf(text: string): readonly string[] {
  const line = /^#![ \t]*([^\n]*)/.exec(text)?.[1]?.trim() ?? ''
  // execve(2): all that follows the program is one argument.
  const [, program = '/bin/sh', argument = ''] = /^(\S+)[ \t]*(.*)$/.exec(line) ?? []
  return argument === '' ? [program] : [program, argument]
}

import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Hindrance } from '../setup/command.ts'

/** What a step of the demo must come to; anything else ends the demo. */
export interface Expected {
  /** Exit code: 0 unless told. */
  readonly code?: number
  /** Must be found in what the command printed. */
  readonly says?: readonly (string | RegExp)[]
}

/** Where the demo plays, and how it talks. */
export interface Stage {
  /** Folder of the demo; the repository is in it. */
  readonly folder: string
  readonly repository: string
  /** Tells what is done and why, in a paragraph. */
  readonly say: (text: string) => void
  /** Shows a command as a person would type it and what it printed, and gives that. */
  readonly type: (words: readonly string[], expected?: Expected) => string
  /** Runs a command unseen and gives its standard output. */
  readonly ask: (words: readonly string[]) => string
}

/** Makes a stage, with the repository `name`. `waybill` as first word of a command is the built product, run by this very Node. */
export function makeStage(folder: string, name: string, product: string, env: NodeJS.ProcessEnv): Stage {
  const repository = join(folder, name)
  let blank = false
  const print = (text: string): void => {
    process.stdout.write(text)
    blank = text.endsWith('\n\n')
  }
  const start = (words: readonly string[], output: number | 'pipe', cwd: string): [number | null, string] => {
    const [first = '', ...rest] = words
    const [file, args] = first === 'waybill' ? [process.execPath, [product, ...rest]] : [first, rest]
    const child = spawnSync(file, args, {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', output, output === 'pipe' ? 'inherit' : output],
    })
    if (child.error !== undefined) throw new Hindrance(`${typed(words)}: ${child.error.message}`)
    return [child.status, child.stdout ?? '']
  }
  return {
    folder,
    repository,
    say: (text) => print(`${blank ? '' : '\n'}${wrapped(text)}\n\n`),
    type: (words, expected = {}) => {
      print(`$ ${typed(words)}\n`)
      // One file for both streams keeps their lines in order.
      const path = join(folder, 'said')
      const file = openSync(path, 'w+')
      const [code] = start(words, file, repository)
      closeSync(file)
      const said = readFileSync(path, 'utf8')
      rmSync(path)
      if (said !== '') print(`${said}\n`)
      const wanted = expected.code ?? 0
      if (code !== wanted) throw new Hindrance(`\nthis was to end with ${wanted}, and ended with ${code}`)
      for (const part of expected.says ?? []) {
        const found = typeof part === 'string' ? said.includes(part) : part.test(said)
        if (!found) throw new Hindrance(`\nthis was to say ${part.toString()}, and did not`)
      }
      return said
    },
    ask: (words) => {
      const [code, said] = start(words, 'pipe', repository)
      if (code !== 0) throw new Hindrance(`${typed(words)} ended with ${code}`)
      return said
    },
  }
}

/** A command as it is typed into a shell: words that a shell would change stand in quotes. */
export function typed(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}

// Lines of a paragraph, short enough for a terminal.
function wrapped(text: string): string {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < 90) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}

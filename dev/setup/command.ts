import { spawnSync } from 'node:child_process'

/** How a program of the development tools ended. `code` is null when a signal ended it or it did not start. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Options of `attempt` and `demand`: environment and folder default to ours, input to nothing. */
export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly input?: string
  readonly timeoutMs?: number
  /** Show what the program says on our standard error instead of keeping it. */
  readonly show?: boolean
}

/** A mistake or a lack of the machine that the person at the keyboard can mend: its message is for them, no stack. */
export class Hindrance extends Error {}

/** Runs a program to its end and tells how it went; never throws, a missing program has the code null. */
export function attempt(file: string, args: readonly string[], options: CommandOptions = {}): Outcome {
  const show = options.show === true
  const child = spawnSync(file, args, {
    env: options.env,
    cwd: options.cwd,
    input: options.input,
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', show ? 2 : 'pipe', show ? 2 : 'pipe'],
  })
  const trouble = child.error === undefined ? '' : `${file}: ${child.error.message}`
  return { code: child.status, stdout: child.stdout ?? '', stderr: (child.stderr ?? '') + trouble }
}

/** Runs a program that must succeed and gives its standard output; otherwise a `Hindrance` with its own words. */
export function demand(file: string, args: readonly string[], options: CommandOptions = {}): string {
  const outcome = attempt(file, args, options)
  if (outcome.code === 0) return outcome.stdout
  const words = (outcome.stderr + outcome.stdout).trim()
  throw new Hindrance(`${[file, ...args].join(' ')} ended with ${outcome.code ?? 'no exit code'}\n${words}`)
}

/** Asks again and again until `question` gives something; a `Hindrance` that names `what` after `limitMs`. */
export async function until<T>(what: string, limitMs: number, question: () => T | undefined): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const answer = question()
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new Hindrance(`waited ${limitMs / 1000} s in vain: ${what}`)
    await new Promise((wake) => setTimeout(wake, 20))
  }
}

/** Runs the main function of a tool: a `Hindrance` becomes one message and the exit code 1. */
export async function runTool(main: () => Promise<number> | number): Promise<void> {
  try {
    process.exitCode = await main()
  } catch (problem) {
    if (!(problem instanceof Hindrance)) throw problem
    process.stderr.write(`${problem.message}\n`)
    process.exitCode = 1
  }
}

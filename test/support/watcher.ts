import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Sandbox } from './sandbox.ts'
import { asRole } from './users.ts'

/** A command that runs on while the test looks at what it prints. */
export interface Watcher {
  readonly pid: number
  /** What it has printed until now. */
  readonly printed: () => string
  readonly signal: (name: NodeJS.Signals) => void
  /** Its exit code; 128 + 9 is not told apart from any other end by a signal. */
  readonly ended: Promise<number>
}

/** Starts one of our commands as the ordinary user, in `ds`. */
export function watch(
  box: Sandbox,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Watcher {
  const [file = '', ...args] = [...asRole('user'), 'waybill', ...words]
  const child = spawn(file, args, {
    cwd: box.path('ds'),
    env: { ...box.environment(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString()
  })
  const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? 137)
  return {
    pid: child.pid ?? 0,
    printed: () => text,
    signal: (name) => void child.kill(name),
    ended,
  }
}

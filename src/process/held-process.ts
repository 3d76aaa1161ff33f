import { spawn } from 'node:child_process'
import type { ProcessIdentity } from '../contract/scheduler.ts'
import { identify } from './identity.ts'
import { CannotStart } from './run.ts'

/** A process of its own session that waits for a line on its input, and outlives us once it has it. */
export interface HeldProcess {
  readonly identity: ProcessIdentity
  /** Sends one line and ends its input. */
  readonly tell: (line: string) => void
  /** Ends its input without a word. */
  readonly dismiss: () => void
  /** Resolves when it has ended. */
  readonly ended: Promise<void>
}

/**
 * Starts a program in a session of its own, so that no key at the terminal reaches it. Its output goes nowhere.
 * @throws CannotStart
 */
export async function holdProcess(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<HeldProcess> {
  const child = spawn(program, args, { ...options, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  // It may end before it has read its input; that shows in its witnesses.
  child.stdin.on('error', () => {})
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', () => resolve())
    child.once('error', (error) => reject(new CannotStart(program, error.message)))
  })
  const identity = child.pid === undefined ? null : identify(child.pid)
  if (identity === null) throw new CannotStart(program, 'it ended at once')
  return {
    identity,
    tell: (line) => child.stdin.end(`${line}\n`),
    dismiss: () => child.stdin.end(),
    ended,
  }
}

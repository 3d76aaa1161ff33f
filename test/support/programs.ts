import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { asRole, type Role } from './users.ts'

/** How a program ended and what it said. `code` is 128 + n when signal n ended it, and `signal` names it. */
export interface Ran {
  readonly code: number
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Standard output as bytes, where it is not text. */
  readonly bytes: Buffer
}

/** What `runProgram` needs to know; nothing is taken from our own environment. */
export interface ProgramOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly role: Role
  readonly input?: string | Uint8Array | undefined
  readonly limitMs: number
}

/** Runs a program to its end as one of the users. An error only when it cannot start or takes longer than the limit. */
export async function runProgram(command: readonly string[], options: ProgramOptions): Promise<Ran> {
  const [file = '', ...args] = [...asRole(options.role), ...command]
  const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => out.push(part))
  child.stderr.on('data', (part: Buffer) => err.push(part))
  // A program may end without reading what it was given.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  return new Promise((resolve, reject) => {
    const said = (): string => Buffer.concat(err).toString()
    const clock = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${command.join(' ')}: not ended after ${options.limitMs / 1000} s\n${said()}`))
    }, options.limitMs)
    child.on('error', reject)
    // Not "close" alone: a detached child of the program may keep its output open long after its end.
    child.on('exit', (code, signal) => {
      clearTimeout(clock)
      const settle = (): void => {
        clearTimeout(patience)
        const bytes = Buffer.concat(out)
        const number = signal === null ? 0 : constants.signals[signal]
        resolve({ code: code ?? 128 + number, signal, stdout: bytes.toString(), stderr: said(), bytes })
      }
      const patience = setTimeout(settle, 500)
      child.on('close', settle)
    })
  })
}

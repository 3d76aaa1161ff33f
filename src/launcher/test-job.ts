import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startParameters, startScript, writeJobFolder, type TaskWork, type Work } from './folder.ts'

/** The shells that `sh` is on clusters. */
export const shells: readonly (readonly [string, ...(readonly string[])])[] = [
  ['/bin/dash'],
  ['/bin/bash', '--posix'],
]

/** How a job ended, and what it had printed on both of its outputs. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
}

/** A job's folder below a temporary one, run as a scheduler would run it. */
export class TestJob {
  readonly root = mkdtempSync(join(tmpdir(), 'waybill-launcher-'))
  readonly folder = join(this.root, "the job's folder")
  readonly #shell: readonly [string, ...(readonly string[])]
  #pid: number | undefined
  #parameters: readonly string[] = []

  constructor(shell: readonly [string, ...(readonly string[])]) {
    this.#shell = shell
  }

  /** Writes the folder anew: a payload given by its words alone runs in the root folder. */
  write(words: readonly string[], more: Partial<Omit<Work, 'payload'> & TaskWork> = {}): void {
    const { cwd = this.root, env = {}, context = null, shared = null } = more
    this.writeWork({ scheduler: 'slurm', cwd, env, payload: { words, env: {}, context }, shared })
  }

  writeWork(work: Omit<Work, 'shared'> & Partial<Pick<Work, 'shared'>>): void {
    rmSync(this.folder, { recursive: true, force: true })
    writeJobFolder(this.folder, { shared: null, ...work })
    this.#parameters = startParameters(this.folder, work.scheduler)
    writeFileSync(join(this.root, 'start.sh'), startScript().text)
  }

  /** Starts the job; its output goes to a file, so that it does not wait for a payload's children. */
  start(
    env: NodeJS.ProcessEnv = {},
    before = '',
  ): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    const log = join(this.root, 'log')
    const file = openSync(log, 'w')
    const [program, ...args] = this.#shell
    const words = [program, ...args, join(this.root, 'start.sh'), ...this.#parameters]
    const child = spawn('sh', ['-c', `${before} exec "$@"`, 'sh', ...words], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', file, file],
    })
    closeSync(file)
    this.#pid = child.pid
    const ended = once(child, 'exit').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      output: readFileSync(log, 'utf8'),
    }))
    return { child, ended }
  }

  async run(env: NodeJS.ProcessEnv = {}, before = ''): Promise<Ended> {
    return this.start(env, before).ended
  }

  /** Waits until the payload has printed `ready`, and its shell passes SIGTERM, the last of all signals, on to it. */
  async ready(): Promise<void> {
    await this.printed('ready')
    while (!catches(this.#pid, 'SIGTERM')) await new Promise((wake) => setTimeout(wake, 10))
  }

  /** Waits until the job has printed that. */
  async printed(text: string): Promise<void> {
    while (!readFileSync(join(this.root, 'log'), 'utf8').includes(text)) {
      await new Promise((wake) => setTimeout(wake, 10))
    }
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** Whether a process has a handler for a signal by now. */
export function catches(pid: number | undefined, signal: keyof typeof constants.signals): boolean {
  const caught = /^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${caught}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
}

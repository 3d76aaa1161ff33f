import { isatty } from 'node:tty'
import packageJson from '../package.json' with { type: 'json' }
import { definedOnly } from './api/environment.ts'
import { exitCode } from './api/exit-code.ts'
import { printable } from './api/printable.ts'
import { makeInterrupts } from './cli/interrupts.ts'
import { makeOutput } from './cli/output.ts'
import { buildProgram, runProgram } from './cli/program.ts'
import type { Runtime } from './cli/runtime.ts'

/** Runs one command of Waybill. */
export async function main(words: readonly string[]): Promise<void> {
  const interrupts = makeInterrupts(
    () => Number(process.hrtime.bigint()) / 1e6,
    (code) => process.exit(code),
  )
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupts.signalled)
  const out = makeOutput(process.stdout)
  const err = makeOutput(process.stderr)
  const runtime: Runtime = {
    out: out.write,
    err: err.write,
    isRead: out.isOpen,
    env: definedOnly(process.env),
    // It may be gone, which only matters to commands that need it.
    get cwd() {
      return process.cwd()
    },
    terminal: isatty(2),
    outIsTerminal: isatty(1),
    version: packageJson.version,
    compatFolder: async () => {
      const { compatFolder } = await import('./compat/folder.ts')
      return compatFolder(runtime.env)
    },
    stdinIsTerminal: isatty(0),
    readStdin,
    sleep: async (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000)),
    now: () => Date.now() / 1000,
    open: async (options) => {
      const { cwd, env } = runtime
      const path = options.dataset ?? cwd
      // git looks for the repository while everything else is loaded.
      const { locate } = await import('./dataset/locate.ts')
      const found = locate(path, env)
      const { openDataset } = await import('./wire.ts')
      const onWarning = (warning: string): void => runtime.err(`waybill: ${printable(warning)}\n`)
      return openDataset(path, { cwd, env, onWarning }, interrupts.critical, found)
    },
    collectEarly: () => {
      const { setFlagsFromString } = process.getBuiltinModule('node:v8')
      for (const flag of ['--memory-saver-mode', '--semi-space-growth-factor=1']) setFlagsFromString(flag)
    },
    farewell: (last) =>
      interrupts.farewell(() => (last === null ? undefined : err.write(`waybill: ${last}\n`))),
    exit: (code) => {
      process.exitCode = code
    },
  }
  try {
    await runProgram(buildProgram(runtime, startsAlone(words)), runtime, words)
  } catch (error) {
    await giveReason(runtime, error)
  }
  const lost = out.trouble()
  if (lost === null) return
  runtime.err(
    `waybill: standard output could not be written, and what was to stand there is lost (${lost.message}); \`waybill jobs\` and \`git log\` tell what was done\n`,
  )
  if ((process.exitCode ?? exitCode.ok) === exitCode.ok) runtime.exit(exitCode.trouble)
}

/** The command's name, for those that need not know of the others. */
function startsAlone([first = '']: readonly string[]): string | null {
  return first === 'completion' ? null : first
}

async function readStdin(): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of process.stdin) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** What a user or a machine can cause gets words; anything else is a bug and keeps its trace. */
async function giveReason(runtime: Runtime, error: unknown): Promise<void> {
  const { asWaybillError, WaybillError } = await import('./api/waybill-error.ts')
  const told = error instanceof WaybillError ? error : asWaybillError(error)
  if (!(told instanceof WaybillError)) throw error
  runtime.err(`waybill: ${told.message}\n`)
  runtime.exit(exitCode.trouble)
}

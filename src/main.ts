import { randomBytes } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { availableParallelism, userInfo } from 'node:os'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import packageJson from '../package.json' with { type: 'json' }
import { exitCode } from './cli/exit-code.ts'
import { makeInterrupts } from './cli/interrupts.ts'
import { makeOutput } from './cli/output.ts'
import { printable } from './cli/printable.ts'
import { buildProgram, runProgram } from './cli/program.ts'
import { progressWords } from './cli/progress.ts'
import type { OpenOptions, ProgressSink, Runtime } from './cli/runtime.ts'
import { Stopped, type Interrupts } from './cli/stopped.ts'
import { wordsFor } from './cli/words.ts'
import type { JobToken } from './contract/ids.ts'
import type { Evidence } from './job/evidence.ts'
import type { JobSpec } from './job/spec.ts'
import type { MovePlan } from './dataset/move-branch.ts'
import type { Context } from './job/context.ts'

/** Runs one command of Waybill: the only place where the rooms meet, and where the world's clock and environment are read. */
export async function main(words: readonly string[]): Promise<void> {
  const interrupts = makeInterrupts(
    () => performance.now(),
    (code) => process.exit(code),
  )
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupts.signalled)
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
    stdinIsTerminal: isatty(0),
    readStdin,
    open: async (options, progress) => open(runtime, interrupts, options, progress),
    exit: (code) => {
      process.exitCode = code
    },
  }
  try {
    await runProgram(buildProgram(runtime), runtime, words)
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

async function open(
  runtime: Runtime,
  interrupts: Interrupts,
  options: OpenOptions,
  progress: ProgressSink,
): Promise<Context> {
  const [{ locate }, { Ledger }, { slurmScheduler }, { localScheduler }, { identify }] = await Promise.all([
    import('./dataset/locate.ts'),
    import('./ledger/ledger.ts'),
    import('./slurm/slurm.ts'),
    import('./local/local.ts'),
    import('./process/identity.ts'),
  ])
  const { env } = runtime
  const found = await locate(options.dataset ?? runtime.cwd, env)
  if (!found.ok) throw new Stopped(found.failure)
  const dataset = found.value
  const folder = join(dataset.commonDir, 'waybill')
  const ledger = new Ledger<JobSpec, Evidence, MovePlan>({ folder, shared: dataset.shared })
  if (ledger.warning !== null) runtime.err(`waybill: ${printable(ledger.warning)}\n`)
  const self = identify(process.pid)
  if (self === null) throw new Error('this process is not in /proc')
  const now = (): number => Date.now() / 1000
  const { username: user, uid } = userInfo()
  const slots = Number(env['WAYBILL_LOCAL_SLOTS'] ?? '')
  return {
    dataset,
    ledger,
    schedulers: {
      slurm: slurmScheduler({ env, now, user }),
      local: localScheduler({
        // The scheduler keeps its folder to one user; in a group's clone each member has one.
        folder: join(folder, dataset.shared === null ? 'local' : `local-${uid}`),
        slots: Number.isInteger(slots) && slots > 0 ? slots : availableParallelism(),
        env,
        now,
      }),
    },
    cwd: realpathSync(runtime.cwd),
    env,
    user,
    self,
    version: runtime.version,
    now,
    sleep: async (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
    newToken: () => randomToken() as JobToken,
    progress: (event) => progress.show(progressWords(event)),
    critical: interrupts.critical,
  }
}

/** 20 lower-case letters and digits: 100 bits and more. */
function randomToken(): string {
  return BigInt(`0x${randomBytes(14).toString('hex')}`)
    .toString(36)
    .padStart(22, '0')
    .slice(-20)
}

function definedOnly(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

async function readStdin(): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of process.stdin) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** What a user or a machine can cause gets words; anything else is a bug and keeps its trace. */
async function giveReason(runtime: Runtime, error: unknown): Promise<void> {
  const [{ LedgerBroken }, { CannotStart }, { systemWords }] = await Promise.all([
    import('./ledger/broken.ts'),
    import('./process/run.ts'),
    import('./cli/system-words.ts'),
  ])
  const words =
    error instanceof Stopped || error instanceof LedgerBroken
      ? wordsFor(error.failure)
      : error instanceof CannotStart
        ? wordsFor(error.missing)
        : systemWords(error)
  if (words === null) throw error
  runtime.err(`waybill: ${words}\n`)
  runtime.exit(exitCode.trouble)
}

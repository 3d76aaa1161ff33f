import { spawn } from 'node:child_process'

/** How a program is started. There is no shell: arguments are a list. */
export interface RunOptions {
  readonly cwd?: string
  /** The whole environment of the child; the parent's when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly input?: string | Uint8Array | Iterable<string | Uint8Array>
  /** After this many milliseconds the program is killed and `signal` is SIGKILL, `timedOut` true. */
  readonly timeoutMs?: number
  /** More bytes of output than this kill the program: `signal` is SIGKILL. */
  readonly maxOutput?: number
  /** Takes its output piece by piece as it comes, each without the byte that ends it; `stdout` is empty then. */
  readonly pieces?: Pieces
  /** Let the program share the terminal's standard error (progress of git-annex). */
  readonly showStderr?: boolean
  /** A process group of its own: Ctrl-C at the terminal does not reach it. */
  readonly ownGroup?: boolean
}

/** How output is cut, and who takes the pieces. */
export interface Pieces {
  /** A line feed or NUL. */
  readonly end: '\n' | '\0'
  readonly take: (piece: Buffer) => void
}

/** What a program did. A code other than 0 is a result, not an exception. */
export interface RunResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
  readonly timedOut: boolean
}

/** The program is not installed, or may not be started. */
export interface MissingProgram {
  readonly kind: 'missing-program'
  readonly program: string
  readonly message: string
}

/** Thrown when a program cannot be started at all: the caller's room turns it into its own failure. */
export class CannotStart extends Error {
  readonly missing: MissingProgram
  constructor(program: string, message: string) {
    super(`cannot start ${program}: ${message}`)
    this.missing = { kind: 'missing-program', program, message }
  }
}

/**
 * Starts a program, feeds it, and waits for its end with its whole output in memory.
 * @throws CannotStart when the program is missing or may not be executed.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      stdio: [
        options.input === undefined ? 'ignore' : 'pipe',
        'pipe',
        options.showStderr ? 'inherit' : 'pipe',
      ],
      detached: options.ownGroup ?? false,
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let timedOut = false
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true
            child.kill('SIGKILL')
          }, options.timeoutMs)
    let size = 0
    const cut = options.pieces === undefined ? null : cutter(options.pieces)
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > (options.maxOutput ?? Infinity)) child.kill('SIGKILL')
      else if (cut !== null) cut.add(chunk)
      else out.push(chunk)
    })
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(new CannotStart(program, error.message))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      cut?.end()
      resolve({ code, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString(), timedOut })
    })
    // A program that ends before it has read its input breaks the pipe; its exit code tells what happened.
    child.stdin?.on('error', () => {})
    if (options.input !== undefined && child.stdin)
      feed(child.stdin, options.input, (error) => {
        child.kill('SIGKILL')
        reject(error)
      })
  })
}

/** Cuts chunks into pieces; what comes after the last end is a piece, too, where it is anything. */
function cutter({ end, take }: Pieces): { readonly add: (chunk: Buffer) => void; readonly end: () => void } {
  const byte = end.charCodeAt(0)
  let begun: Buffer[] = []
  return {
    add: (chunk) => {
      let from = 0
      for (let at = chunk.indexOf(byte); at >= 0; at = chunk.indexOf(byte, from)) {
        const piece = chunk.subarray(from, at)
        take(begun.length === 0 ? piece : Buffer.concat([...begun, piece]))
        begun = []
        from = at + 1
      }
      if (from < chunk.length) begun.push(chunk.subarray(from))
    },
    end: () => {
      if (begun.length > 0) take(Buffer.concat(begun))
    },
  }
}

/** `failed` is called where the input cannot be made: half of one must not look like a whole. */
function feed(
  stdin: NodeJS.WritableStream,
  input: NonNullable<RunOptions['input']>,
  failed: (error: Error) => void,
): void {
  if (typeof input === 'string' || input instanceof Uint8Array) {
    stdin.end(input)
    return
  }
  const chunks = joined(input)[Symbol.iterator]()
  const pump = (): void => {
    try {
      for (;;) {
        const chunk = chunks.next()
        if (chunk.done) {
          stdin.end()
          return
        }
        if (!stdin.write(chunk.value)) {
          stdin.once('drain', pump)
          return
        }
      }
    } catch (error) {
      failed(error as Error)
    }
  }
  pump()
}

/** What a pipe takes at once: a write for each small piece would cost more than the piece. */
const chunkBytes = 65_536

function* joined(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let size = 0
  for (const piece of pieces) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    waiting.push(bytes)
    size += bytes.length
    if (size < chunkBytes) continue
    yield Buffer.concat(waiting)
    waiting = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(waiting)
}

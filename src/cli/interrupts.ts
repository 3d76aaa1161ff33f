import { exitCode } from '../api/exit-code.ts'

/** Milliseconds within which a second signal is an echo: `timeout` and others pass on what the terminal has sent already. */
const echoMs = 100

/** Signals, and work that they must not cut in two. */
export interface Interrupts {
  readonly signalled: () => void
  /** Sets what is done before the process ends. */
  readonly farewell: (say: () => void) => void
  readonly critical: <T>(work: () => Promise<T>) => Promise<T>
}

/**
 * Ctrl-C ends the command at once, or as soon as what must not be cut in two is done; a second one does not wait.
 * `signalled` is to be called for each signal, `end` ends the process, `now` tells milliseconds.
 */
export function makeInterrupts(now: () => number, end: (code: number) => never): Interrupts {
  let depth = 0
  let first: number | null = null
  let say = (): void => {}
  const stop = (): never => {
    say()
    return end(exitCode.interrupted)
  }
  return {
    signalled: () => {
      const again = first !== null && now() - first > echoMs
      first ??= now()
      if (depth === 0 || again) stop()
    },
    farewell: (words) => {
      say = words
    },
    critical: async (work) => {
      depth++
      try {
        return await work()
      } finally {
        depth--
        if (depth === 0 && first !== null) stop()
      }
    },
  }
}

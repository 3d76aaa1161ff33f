import { attempt, Hindrance } from '../setup/command.ts'

/** Where a command runs. */
export interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** One of those who run in turn. */
export interface Contender {
  /** How many runs count; 0: it does not take part. */
  readonly times: number
  /** Whether a run that is not counted comes first; default: yes. */
  readonly warmUp?: boolean
  /** One run; seconds, or several figures of the same run. */
  readonly run: (warmUp: boolean) => Promise<number> | readonly number[] | number
}

/** A command with this exit code and output ended well. */
export function succeed(words: readonly string[], place: Place, input?: string): string {
  const [program = '', ...args] = words
  const { code, stdout, stderr } = attempt(program, args, {
    ...place,
    ...(input === undefined ? {} : { input }),
  })
  if (code === 0) return stdout
  const said = (stderr + stdout).trim().slice(0, 2000)
  throw new Hindrance(`${words.join(' ').slice(0, 200)} ended with ${code ?? 'a signal'}: ${said}`)
}

/** Wall seconds of a whole process, which must succeed. */
export function timed(words: readonly string[], place: Place, input?: string): number {
  const begun = performance.now()
  succeed(words, place, input)
  return (performance.now() - begun) / 1000
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2
}

/**
 * Runs the contenders in turn, so that what the machine does meanwhile meets all of them. Gives the median of each figure of
 * each contender; nothing for one that does not take part.
 */
export async function alternate<const T extends readonly Contender[]>(
  ...contenders: T
): Promise<{ readonly [K in keyof T]: readonly number[] }> {
  const runs: (readonly number[])[][] = contenders.map(() => [])
  const most = Math.max(...contenders.map(({ times }) => times))
  for (let round = 0; round <= most; round++) {
    for (const [index, { times, warmUp = true, run }] of contenders.entries()) {
      if (round > times || times === 0 || (round === 0 && !warmUp)) continue
      const figures = await run(round === 0)
      if (round > 0) runs[index]?.push(typeof figures === 'number' ? [figures] : figures)
      await breath()
    }
  }
  const medians = runs.map((own) =>
    (own[0] ?? []).map((_, figure) => median(own.map((figures) => figures[figure] ?? Number.NaN))),
  )
  return medians as unknown as { readonly [K in keyof T]: readonly number[] }
}

/** Aborted by Ctrl-C. */
export const interruption = new AbortController()

/** Lets signals be seen between two programs that are waited for; throws when Ctrl-C was one. */
export async function breath(): Promise<void> {
  await new Promise((wake) => setImmediate(wake))
  if (interruption.signal.aborted) throw new Hindrance('interrupted')
}

/** Stands still between two looks at something that is waited for. */
export function pause(milliseconds: number): void {
  interruption.signal.throwIfAborted()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

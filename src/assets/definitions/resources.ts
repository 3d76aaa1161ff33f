/** What a job may use; what is absent was not said. CPUs, GPUs and memory are of each node. */
export interface Resources {
  readonly cpus?: number
  readonly gpus?: number
  /** Bytes. */
  readonly memory?: number
  /** Seconds. */
  readonly time?: number
  readonly nodes?: number
}

/** The words for resources. */
export const resourceNames = ['cpus', 'gpus', 'memory', 'time', 'nodes'] as const

const units: { readonly [unit: string]: number } = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

/** Reads memory as sbatch does (sbatch(1), --mem): a whole number of MiB, or with K, M, G or T; bytes. Null for anything else, and for 0. */
export function readMemory(written: string | number): number | null {
  const match = /^(\d{1,12})([KMGT]?)B?$/i.exec(String(written).trim())
  if (match === null) return null
  const bytes = Number(match[1]) * (units[(match[2] || 'M').toUpperCase()] ?? 1)
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : null
}

/**
 * Reads a limit of time in any of sbatch's forms (sbatch(1), --time): `minutes`, `minutes:seconds`, `hours:minutes:seconds`,
 * `days-hours`, `days-hours:minutes`, `days-hours:minutes:seconds`; seconds. Null for anything else, and for 0.
 */
export function readTimeLimit(written: string | number): number | null {
  const match = /^(?:(\d{1,6})-)?(\d{1,9})(?::(\d{1,9}))?(?::(\d{1,9}))?$/.exec(String(written).trim())
  if (match === null) return null
  const [, days, ...rest] = match
  const numbers = rest.flatMap((part) => (part === undefined ? [] : [Number(part)]))
  const [first = 0, second = 0, third = 0] = numbers
  const seconds =
    days !== undefined
      ? Number(days) * 86_400 + first * 3600 + second * 60 + third
      : numbers.length === 3
        ? first * 3600 + second * 60 + third
        : first * 60 + second
  return seconds > 0 ? seconds : null
}

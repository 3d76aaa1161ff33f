/** Reads a time that was asked for with SLURM_TIME_FORMAT=%s; null for `N/A`, `Unknown`, `NONE`, `None`. */
export function readTime(text: string): number | null {
  return /^\d+$/.test(text) && text !== '0' ? Number(text) : null
}

/** Reads a duration as `[days-][hours:]minutes:seconds[.fraction]`, in seconds; null for anything else. */
export function readDuration(text: string): number | null {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text)
  if (match === null) return null
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = match
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)
}

/** Reads an amount of memory as sacct writes it (`1436K`, `2.50M`, `1G`), in bytes; null when there is none. */
export function readBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([KMGTPE]?)$/.exec(text)
  if (match === null) return null
  const power = ' KMGTPE'.indexOf(match[2] || ' ')
  return Math.round(Number(match[1]) * 1024 ** power)
}

/** Reads `code:signal`. */
export function readExit(text: string): { readonly code: number; readonly signal: number } | null {
  const match = /^(\d+):(\d+)$/.exec(text)
  return match === null ? null : { code: Number(match[1]), signal: Number(match[2]) }
}

/** A state without what stands after it: `CANCELLED by 1000`, `COMPLETING+`. */
export function readState(text: string): string {
  return /^[A-Z_]+/.exec(text)?.[0] ?? text
}

/** Slurm's ways to say nothing, as null. */
export function readWord(text: string): string | null {
  return text === '' || text === '(null)' || text === 'None' || text === 'N/A' ? null : text
}

/** Reads a whole number; null for anything else. */
export function readCount(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null
}

/** The count of one kind in a TRES list (`billing=1,cpu=4,gres/gpu=2`); kinds with a type (`gres/gpu:a100`) add up if that is all there is. */
export function readTres(text: string, kind: string): number | null {
  return readKind(text, kind, readCount)
}

/** An amount of memory in a TRES list (`mem=2.50G,gres/gpumem=80M`), in bytes; read as `readTres` reads counts. */
export function readTresBytes(text: string, kind: string): number | null {
  return readKind(text, kind, readBytes)
}

function readKind(text: string, kind: string, read: (amount: string) => number | null): number | null {
  let typed: number | null = null
  for (const part of text.split(',')) {
    const [name = '', amount = ''] = part.split('=')
    const value = read(amount)
    if (value === null) continue
    if (name === kind) return value
    if (name.startsWith(`${kind}:`)) typed = (typed ?? 0) + value
  }
  return typed
}

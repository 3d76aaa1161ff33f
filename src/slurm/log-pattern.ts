import type { SbatchSettings } from './sbatch-line.ts'

/** Where a job's own output goes, before it has an id. */
export interface LogPlan {
  /** Absolute directory that relative names start from. */
  readonly chdir: string
  /** File name patterns (sbatch(1), "filename pattern"); absolute when the user gave one, since Slurm then expands the directory too. */
  readonly stdout: string
  /** Equal to `stdout` when the user named none. */
  readonly stderr: string
  readonly jobName: string
}

/** What fills the symbols of a pattern; null: not known (yet). */
export interface LogFacts {
  /** `%A`, and `%j` unless `rawId` says otherwise. */
  readonly job: string | null
  /** `%a`: the task's index; null for a job that is no array. */
  readonly task: number | null
  /** The task's own id: an array's tasks have each their own `%j`. Null when not known. */
  readonly rawId: string | null
  readonly user: string | null
}

/** A log file: a path, a pattern (`*` for what cannot be known; other wildcards stand in brackets), or nothing kept. */
export type LogPlace =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'discarded' }

/** The plan of what sbatch was told. In a heterogeneous job only the leader's batch script writes. */
export function logPlan(settings: SbatchSettings): LogPlan {
  const fallback = settings.array ? 'slurm-%A_%a.out' : 'slurm-%j.out'
  const stdout = absolute(settings.output, settings.chdir) ?? fallback
  return {
    chdir: settings.chdir,
    stdout,
    stderr: absolute(settings.error, settings.chdir) ?? stdout,
    jobName: settings.jobName,
  }
}

function absolute(pattern: string | null, chdir: string): string | null {
  if (pattern === null) return null
  if (pattern.toLowerCase() === 'none') return '/dev/null'
  return pattern.startsWith('/') ? pattern : `${chdir}/${pattern}`
}

/** What a job that is no array gets for `%a`: Slurm's "no value" (tried on 22.05). */
const noTask = '4294967294'

/** Expands one of a plan's patterns as slurmd 22.05 does for a batch script. Paths are absolute, `..` left in. */
export function placeLog(plan: LogPlan, pattern: string, facts: LogFacts): LogPlace {
  const pieces = expand(pattern, plan.jobName, facts)
  const whole = pattern.startsWith('/') ? pieces : [{ text: `${plan.chdir}/` }, ...pieces]
  if (whole.some((piece) => piece === 'unknown')) {
    const wild = whole.map((piece) => (piece === 'unknown' ? '*' : quote(piece.text))).join('')
    // `%j%N` is one unknown; two stars would span directories.
    return { kind: 'pattern', pattern: wild.replace(/\*{2,}/g, '*') }
  }
  const path = whole.map((piece) => (piece === 'unknown' ? '' : piece.text)).join('')
  return path === '/dev/null' ? { kind: 'discarded' } : { kind: 'path', path }
}

/** Whether two jobs with this pattern would write one file: its name holds no id of the job. */
export function isFixedLog(plan: LogPlan, pattern: string): boolean {
  const [a, b] = ['1', '2'].map((job) => placeLog(plan, pattern, { job, task: 0, rawId: job, user: 'u' }))
  return JSON.stringify(a) === JSON.stringify(b) && a?.kind !== 'discarded'
}

type Piece = { readonly text: string } | 'unknown'

function expand(pattern: string, jobName: string, facts: LogFacts): readonly Piece[] {
  // A backslash anywhere turns the symbols off, and is itself taken away (`\\` leaves one).
  if (pattern.includes('\\')) return [{ text: pattern.replace(/\\(.?)/gs, '$1') }]
  const pieces: Piece[] = []
  let at = 0
  for (const match of pattern.matchAll(/%(\d*)([A-Za-z%])/g)) {
    pieces.push({ text: pattern.slice(at, match.index) })
    pieces.push(symbol(match[0], Number(match[1] || 0), match[2] ?? '', jobName, facts))
    at = match.index + match[0].length
  }
  pieces.push({ text: pattern.slice(at) })
  return pieces
}

function symbol(whole: string, width: number, letter: string, jobName: string, facts: LogFacts): Piece {
  // Slurm pads to ten digits at most.
  const id = (text: string | null): Piece =>
    text === null ? 'unknown' : { text: text.padStart(Math.min(width, 10), '0') }
  const word = (text: string | null): Piece => (text === null ? 'unknown' : { text })
  switch (letter) {
    case 'A':
      return id(facts.job)
    case 'a':
      return facts.job === null ? 'unknown' : id(facts.task === null ? noTask : `${facts.task}`)
    case 'j':
    case 'J':
      return id(facts.task === null ? facts.job : facts.rawId)
    case 'n':
    case 't':
      return id('0')
    case 's':
      return word('batch')
    case 'u':
      return word(facts.user)
    case 'x':
      return word(jobName)
    case '%':
      // What becomes of `%5%` is nobody's business: do not guess.
      return width === 0 && whole === '%%' ? { text: '%' } : 'unknown'
    case 'N':
    // Taken as it stands by 22.05, an index modulo ten since 23.02.
    case 'b':
      return 'unknown'
    default:
      return whole.length === 2 ? { text: whole } : 'unknown'
  }
}

function quote(text: string): string {
  return text.replace(/[*?[]/g, '[$&]')
}

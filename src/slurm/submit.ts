import { readFileSync, statSync, watch } from 'node:fs'
import type { JobToken } from '../contract/ids.ts'
import type { HeldSubmission, HeldSubmissions, SubmitOutcome, SubmitRequest } from '../contract/scheduler.ts'
import { holdProcess, type HeldProcess } from '../process/held-process.ts'
import { shippedText } from '../process/shipped.ts'
import { readSbatch } from './sbatch-line.ts'
import type { SbatchLine } from './sbatch-line.ts'
import { withShim } from './self-submission.ts'
import { printedId } from './submit-outcome.ts'
import { readStdout, readWitnesses, writeTrace } from './witnesses.ts'

/** A submission as the shell is given it. */
interface Submission {
  readonly folder: string
  readonly stdinFile: string | null
  readonly words: readonly string[]
}

/** Starts the shell that will run sbatch, and leaves it waiting. Its command carries the token in its comment. */
export async function holdSubmission(request: SubmitRequest): Promise<HeldSubmission> {
  const { folder, cwd, stdinFile } = request
  const { words, waits } = request.submitsItself
    ? { words: request.words, waits: false }
    : sbatchWords(request)
  const env = request.submitsItself ? withShim(request) : request.env
  const held = await holdShell([{ folder, stdinFile, words }], { cwd, env })
  return {
    process: held.identity,
    go: async (onId) => {
      let told = false
      const tellId = (): void => {
        // Which of several ids count is known at the end.
        const printed = told || request.submitsItself ? null : printedId(completeLines(readStdout(folder)))
        if (printed === null) return
        told = true
        onId?.(printed.id, printed.cluster)
      }
      // Mostly sbatch ends right after it has printed the id: a watch would cost more than it tells.
      const unwatch = waits ? onChange(folder, tellId) : () => {}
      held.tell('go')
      await held.ended
      unwatch()
      tellId()
      return outcomeOf(folder)
    },
    abandon: async () => {
      held.dismiss()
      await held.ended
    },
  }
}

/**
 * The same for many plain submissions with one directory and environment: one shell makes them one after the other, and
 * goes on when this process dies.
 */
export async function holdSubmissions(requests: readonly SubmitRequest[]): Promise<HeldSubmissions> {
  const [first] = requests
  if (first === undefined) throw new Error('there is nothing to submit')
  const { cwd, env } = first
  const submissions = requests.map((request) => ({ ...request, words: sbatchWords(request).words }))
  const held = await holdShell(submissions, { cwd, env })
  return {
    process: held.identity,
    go: async () => {
      held.tell('go')
      await held.ended
      return requests.map(({ folder }) => outcomeOf(folder))
    },
    abandon: async () => {
      held.dismiss()
      await held.ended
    },
  }
}

async function holdShell(
  submissions: readonly Submission[],
  place: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<HeldProcess> {
  const [shell, ...flags] = shellFor(place.env)
  const words = submissions.flatMap((one) => [
    one.folder,
    one.stdinFile ?? '/dev/null',
    `${one.words.length}`,
    ...one.words,
  ])
  // By its text, not its path: an upgrade may take the file away while the shell waits, and the executable has none.
  const script = shippedText('submit.sh', import.meta.url).toString()
  return holdProcess(shell, [...flags, '-c', script, 'submit.sh', ...words], place)
}

/** The words of an sbatch command with our token, after the trace is written. */
function sbatchWords({ folder, words, cwd, env, stdinFile, token }: SubmitRequest): {
  readonly words: readonly string[]
  /** sbatch may end long after it has printed the id. */
  readonly waits: boolean
} {
  const stdin = stdinFile === null ? null : readRegularFile(stdinFile)
  const line = readSbatch(words, { cwd, env, readFile: readRegularFile, stdin })
  writeTrace(folder, {
    clusters: line.clusters,
    ownComment: line.components[0].comment !== null,
    submitsNothing: line.submitsNothing && line.unknown.length === 0,
  })
  return { words: withToken(words, token, line), waits: line.wait || line.unknown.length > 0 }
}

/**
 * The user's words with our comment directly after `sbatch`, where the leader of a heterogeneous job has it too. A
 * comment that stands elsewhere than in the leader's own words is said again after ours: it would be overridden.
 */
export function withToken(words: readonly string[], token: JobToken, line: SbatchLine): readonly string[] {
  const [program = 'sbatch', ...rest] = words
  const theirs = line.commentToRestate === null ? [] : [`--comment=${line.commentToRestate}`]
  return [program, `--comment=waybill:${token}`, ...theirs, ...rest]
}

function outcomeOf(folder: string): SubmitOutcome {
  const outcome = readWitnesses(folder)
  if (outcome === 'unfinished')
    return { kind: 'unknown', stdout: readStdout(folder), stderr: '', exitCode: null }
  if (outcome === 'not-started') {
    return { kind: 'refused', stdout: '', stderr: `nothing could be written to ${folder}`, exitCode: null }
  }
  return outcome
}

/** Watches a folder. Where that cannot be had (no inotify watch left), only the early word is lost. */
function onChange(folder: string, listener: () => void): () => void {
  try {
    const watcher = watch(folder, listener)
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => {}
  }
}

/**
 * dash drops variables whose names are no shell names, and with them the functions that bash exports
 * (`BASH_FUNC_module%%`), which job scripts live on. bash keeps them; as POSIX shell it does not read BASH_ENV. Given a
 * text and a socket to read from, it takes itself for a shell of rshd's, and would read ~/.bashrc.
 */
function shellFor(env: Readonly<Record<string, string>>): readonly [string, ...(readonly string[])] {
  const odd = Object.keys(env).some((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
  return odd ? ['bash', '--posix', '--norc'] : ['sh']
}

/** An id is only whole once its line is. */
function completeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

function readRegularFile(path: string): string | null {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : null
  } catch {
    return null
  }
}

import { run } from '../process/run.ts'
import type { Definitions, External } from './definitions/definitions.ts'
import { versionOf, type Version } from './versions/version.ts'

/** An external source whose state could not be told, and what its command said. */
export interface SourceFailure {
  readonly source: string
  readonly code: number | null
  readonly words: string
}

/** The states of external sources. */
export interface Observed {
  readonly versions: ReadonlyMap<string, Version>
  readonly failures: readonly SourceFailure[]
}

/** So many commands run at once. */
const atOnce = 8

/** More output than this is no state of a source that anybody would compare. */
const mostBytes = 64 * 1024 * 1024

/**
 * Runs the commands that tell the states of external sources, each once, in the folder of the definitions: what one prints is
 * the state. One that fails or prints nothing tells none.
 */
export async function observe(
  { folder }: Pick<Definitions, 'folder'>,
  sources: readonly External[],
  env: Readonly<Record<string, string>>,
): Promise<Observed> {
  const versions = new Map<string, Version>()
  const failures: SourceFailure[] = []
  const waiting = [...sources]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { name, observe: line } = next
      const ran = await run('sh', ['-c', line], { cwd: folder, env, maxOutput: mostBytes })
      if (ran.code === 0 && ran.stdout.length > 0)
        versions.set(name, versionOf([ran.stdout.toString('latin1')]))
      else failures.push({ source: name, code: ran.code, words: ran.stderr.trim() })
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, work))
  return { versions, failures: failures.toSorted((a, b) => (a.source < b.source ? -1 : 1)) }
}

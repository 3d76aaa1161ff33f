import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { attempt, Hindrance } from '../setup/command.ts'
import type { Bench, Side } from './bench.ts'
import { succeed, timed, type Contender, type Place } from './measure.ts'

/** A repository whose jobs have ended, and which can be finished again and again. */
export interface Ended {
  /** Figures: seconds of finish, of `git status` before it, of `git status` right after it, and of the next one. */
  readonly finish: (side: Side, times: number, options?: FinishOptions) => Contender
  /** `git annex add --batch` of the files that Waybill recorded, into an empty index. */
  readonly floor: (times: number) => Contender
  /** How many files that were. */
  readonly recorded: () => number
}

/** Options of one finish, and the environment of a run that is not counted. */
export interface FinishOptions {
  readonly words?: readonly string[]
  readonly warmUp?: boolean
  readonly warmEnv?: NodeJS.ProcessEnv
}

/** What there is to finish in a repository now. Each run begins with the same state. */
export function endedIn(bench: Bench, repository: string): Ended {
  const place = { cwd: repository, env: bench.env }
  const snapshot = bench.keep(repository)
  const base = succeed(['git', 'rev-parse', 'HEAD'], place).trim()
  const recorded = new Map<string, Buffer>()
  const begin = (): void => {
    snapshot.restore()
    // What copying left to be written is not the next command's.
    succeed(['sync'], place)
  }
  const status = (): number => timed(['git', 'status', '--porcelain'], place)
  return {
    finish: (side, times, { words = [], warmUp = true, warmEnv = bench.env } = {}) => ({
      times,
      warmUp,
      run: (warm) => {
        begin()
        status()
        const before = status()
        const command = [...side.words, `${side.prefix}finish`, ...words]
        const seconds = timed(command, { cwd: repository, env: warm ? warmEnv : bench.env })
        const after = status()
        const later = status()
        if (side.name === 'waybill' && recorded.size === 0) noteRecorded(place, base, recorded)
        return [seconds, before, after, later]
      },
    }),
    floor: (times) => ({
      times,
      run: () => {
        begin()
        for (const [path, content] of recorded) {
          const file = join(repository, path)
          mkdirSync(dirname(file), { recursive: true })
          // What finish itself writes, the jobs' env.json.
          if (!existsSync(file)) writeFileSync(file, content)
        }
        succeed(['sync'], place)
        return addAll(bench, repository, [...recorded.keys()])
      },
    }),
    recorded: () => recorded.size,
  }
}

// Everything that finish recorded of the jobs; a record whose files are not all there is no measurement.
function noteRecorded(place: Place, base: string, recorded: Map<string, Buffer>): void {
  const left = succeed(['git', 'status', '--porcelain'], place)
  if (left !== '') throw new Hindrance(`finish left something: ${left.slice(0, 200)}`)
  const paths = succeed(['git', 'diff', '--name-only', '-z', base, 'HEAD', '--', 'out'], place).split('\0')
  for (const path of paths) if (path !== '') recorded.set(path, readFileSync(join(place.cwd, path)))
  if (recorded.size === 0) throw new Hindrance('finish recorded nothing')
}

/** Seconds that `git annex add --batch` of files takes, into an empty index. */
export function addAll(bench: Bench, repository: string, paths: readonly string[]): number {
  const index = join(bench.folder, bench.fresh('index'))
  const place = { cwd: repository, env: { ...bench.env, GIT_INDEX_FILE: index } }
  const seconds = timed(['git', 'annex', 'add', '--batch'], place, paths.map((path) => `${path}\n`).join(''))
  const added = attempt('git', ['ls-files', '-z'], place).stdout.split('\0').length - 1
  if (added !== paths.length) throw new Hindrance(`git annex add took ${added} of ${paths.length} files`)
  return seconds
}

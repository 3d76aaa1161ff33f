import { join } from 'node:path'
import { cancelAll, forgetJobs } from './jobs.ts'
import { makeRepository, removeFolders } from './repository.ts'
import type { Sizes } from './sizes.ts'
import { snapshotOf, type Snapshot } from './snapshot.ts'

/** One of the two tools: how it is started, and what stands before its commands' names. */
export interface Side {
  readonly name: 'waybill' | 'datalad-slurm'
  readonly words: readonly string[]
  readonly prefix: '' | 'slurm-'
}

/** What rows work with. */
export interface Bench {
  /** The built product. */
  readonly dist: string
  /** For what rows write; gone afterwards. */
  readonly folder: string
  /** The cluster's, and the peer's programs first on PATH. */
  readonly env: NodeJS.ProcessEnv
  readonly sizes: Sizes
  readonly waybill: Side
  readonly peer: Side
  readonly say: (text: string) => void
  /** A repository of so many files that rows share. */
  readonly shared: (files: number, side?: Side) => string
  /** Keeps a shared repository's state, until the row ends. */
  readonly keep: (repository: string) => Snapshot
  /** A new name, for a folder, an output or a job. */
  readonly fresh: (word: string) => string
  /** After each row, however it ended: nothing of it is left in the queue or in a shared repository. */
  readonly tidy: () => void
}

/** What is used for all rows. */
export function makeBench(given: Omit<Bench, 'shared' | 'keep' | 'fresh' | 'tidy'>): Bench {
  const made = new Map<string, string>()
  const kept: Snapshot[] = []
  let count = 0
  return {
    ...given,
    shared: (files, side = given.waybill) => {
      const name = `${side.name}-${files}`
      const known = made.get(name)
      if (known !== undefined) return known
      if (files > 10_000) given.say(`  making a repository of ${files.toLocaleString('en')} files`)
      const folder = join(given.folder, name)
      // What an interrupted try left is no repository.
      removeFolders(folder)
      makeRepository(folder, given.env, files)
      made.set(name, folder)
      return folder
    },
    keep: (repository) => {
      const snapshot = snapshotOf(repository)
      kept.push(snapshot)
      return snapshot
    },
    fresh: (word) => `${word}-${process.pid}-${++count}`,
    tidy: () => {
      cancelAll(given.env)
      for (const snapshot of kept.splice(0)) {
        snapshot.restore()
        snapshot.drop()
      }
      for (const repository of made.values()) {
        forgetJobs(repository)
        removeFolders(join(repository, 'out'), join(repository, 'results'))
      }
    },
  }
}

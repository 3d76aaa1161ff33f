/** How much of everything is measured. Times are the runs that count, after one that does not. */
export interface Sizes {
  /** Files in the small repository, in the large and in the largest one. */
  readonly files: readonly [small: number, large: number, largest: number]
  /** Runs of what takes a moment, of what takes seconds, of what takes a minute, and of what the peer takes long for. */
  readonly cheap: number
  readonly dear: number
  readonly dearest: number
  readonly peer: number
  /** Jobs of one batch, tasks of one array that is only submitted, jobs in a list. */
  readonly batch: number
  readonly tasks: number
  readonly listed: number
  /** Jobs of this machine that are scheduled, listed and finished together. */
  readonly many: number
  /** Jobs of one finish; files of a large job; tasks of an array that is finished. */
  readonly finished: number
  readonly outputs: number
  readonly finishedTasks: number
  /** Bytes of each of four files that a job elsewhere reads and writes. */
  readonly altDir: readonly [small: number, medium: number, large: number]
  readonly reservations: number
  /** Trivial assets that are made on this machine; those of graphs in which all is fresh; of a plan, and keys of each. */
  readonly assets: readonly number[]
  readonly fresh: readonly number[]
  readonly planned: readonly [assets: number, keys: number]
  /** Keys of one asset on Slurm, and keys whose jobs are in flight. */
  readonly keys: number
  readonly flight: number
  /** Jobs of which it is measured how soon their ends are known. */
  readonly known: number
  /** Seconds for which terminals watch. */
  readonly watch: number
  /** Whether the executable's packed size is found out, which takes half a minute. */
  readonly packed: boolean
}

/** What the bars are about. */
export const fullSizes: Sizes = {
  files: [1_000, 200_000, 1_000_000],
  cheap: 11,
  dear: 3,
  dearest: 2,
  peer: 1,
  batch: 1_000,
  tasks: 1_000,
  listed: 1_000,
  many: 10_000,
  finished: 100,
  outputs: 10_000,
  finishedTasks: 10_000,
  altDir: [1e3, 1e6, 1e9],
  reservations: 100_000,
  assets: [1_000, 10_000],
  fresh: [100, 5_000],
  planned: [5_000, 100],
  keys: 10_000,
  flight: 10_000,
  known: 60,
  watch: 60,
  packed: true,
}

/** Enough to see that everything works. */
export const quickSizes: Sizes = {
  files: [1_000, 5_000, 20_000],
  cheap: 3,
  dear: 1,
  dearest: 1,
  peer: 1,
  batch: 50,
  tasks: 1_000,
  listed: 30,
  many: 100,
  finished: 10,
  outputs: 500,
  finishedTasks: 200,
  altDir: [1e3, 1e6, 3e7],
  reservations: 100_000,
  assets: [20],
  fresh: [100, 500],
  planned: [50, 100],
  keys: 20,
  flight: 20,
  known: 5,
  watch: 10,
  packed: false,
}

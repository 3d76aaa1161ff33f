import type { OpenDataset } from '../api/open-dataset.ts'

/** Where a command finds its repository. */
export interface OpenOptions {
  /** `-d`: a path in the dataset, instead of the current directory. */
  readonly dataset?: string | undefined
}

/** What a command gets from the world; `main.ts` fills it in, tests may fill in another. */
export interface Runtime {
  readonly out: (text: string | Buffer) => void
  readonly err: (text: string | Buffer) => void
  /** Whether anybody still reads standard output: a command that only prints may end when nobody does. */
  readonly isRead: () => boolean
  readonly env: Readonly<Record<string, string>>
  /** @throws the system's error when the current directory is gone. */
  readonly cwd: string
  /** Whether standard error is a terminal: only then is progress shown. */
  readonly terminal: boolean
  /** Whether standard output is one: only there is a screen cleared. */
  readonly outIsTerminal: boolean
  readonly version: string
  /** The folder of our stand-in for `datalad`, which may have to be made. */
  readonly compatFolder: () => Promise<string>
  readonly stdinIsTerminal: boolean
  readonly readStdin: () => Promise<Buffer>
  /** Opens the dataset and its ledger. @throws WaybillError when that cannot be. */
  readonly open: (options: OpenOptions) => Promise<OpenDataset>
  /**
   * Has Node collect what is new before it grows to tens of MiB: of many thousand files that is most of what a command takes.
   * It costs time, so only commands that see to many files or jobs ask for it.
   */
  readonly collectEarly: () => void
  readonly sleep: (seconds: number) => Promise<void>
  /** Seconds since 1970. */
  readonly now: () => number
  /** What is said when the command is interrupted from now on; null: nothing. */
  readonly farewell: (words: string | null) => void
  readonly exit: (code: number) => void
}

import { InvalidArgumentError, Option, type Command } from 'commander'

/** Options that every command on a dataset has. */
export interface CommonOptions {
  readonly dataset?: string
  readonly json?: boolean
}

/** Adds `-d` and `--json`. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('-d, --dataset <path>', 'the dataset to work on (default: that of the current directory)')
    .option('--json', 'print one JSON object a result')
}

/** Collects an option that may be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

/** An option that may be given several times, each time with one value. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect).default([] as readonly string[], 'none')
}

/** Reads a whole number that is not negative. */
export function wholeNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(value)
}

/** Reads how many transfers of git-annex may run at once; 0, and DataLad's `auto`, leave it to git-annex. */
export function transfers(value: string): number {
  return value === 'auto' ? 0 : wholeNumber(value)
}

/** Reads a job id of Slurm's, without a task. */
export function slurmId(value: string): string {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('It must be a Slurm job id, such as 4711.')
  return value
}

/** Reads a yes or no in any of the ways that DataLad and git take it. */
export function yesOrNo(value: string): boolean {
  if (/^(yes|true|on|1)$/i.test(value)) return true
  if (/^(no|false|off|0)$/i.test(value)) return false
  throw new InvalidArgumentError('It must be yes or no.')
}

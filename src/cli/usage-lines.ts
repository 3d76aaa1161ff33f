import { counted, duration } from '../api/quantities.ts'
import type { UsageOutcome } from '../api/usage.ts'
import { printable } from '../api/printable.ts'
import type { UsageAdvice } from '../job/usage/advice.ts'
import type { UsageKey, UsageSum } from '../job/usage/sum-usage.ts'
import { amount, percent } from './metric-lines.ts'
import { table } from './table.ts'

type Found = Pick<UsageOutcome, 'total' | 'groups' | 'advice' | 'undecidedJobs'>

/** What jobs took, for people: a table, what is not known, and what asked for too much. */
export function usageLines(found: Found, by: readonly UsageKey[]): readonly string[] {
  const { total, groups, advice, undecidedJobs } = found
  if (total === null) return []
  const undecided =
    undecidedJobs === 0
      ? []
      : [`${counted(undecidedJobs, 'job')} not counted: it is not known whether the conditions hold`]
  if (total.jobs === 0) return [undecidedJobs === 0 ? 'no jobs to count' : 'no jobs counted', ...undecided]
  const sums = by.length === 0 ? [total] : [...groups, ...(groups.length > 1 ? [total] : [])]
  const columns = shownColumns(sums)
  const rows = sums.map((sum) => [
    ...by.map((key, i) => sum.by[key] ?? (sum === total ? (i === 0 ? 'all' : '') : '-')),
    ...columns.map(({ cell }) => cell(sum)),
  ])
  return [
    ...table([[...by.map((key) => key.toUpperCase()), ...columns.map(({ title }) => title)], ...rows]),
    ...(total.unknown_jobs === 0
      ? []
      : [
          `of ${counted(total.unknown_jobs, 'job')} it is not known, or not in full, what they took; what is not known is in no sum of hours`,
        ]),
    ...undecided,
    ...advice.map((one) => printable(adviceWords(one))),
  ]
}

/** One JSON object a line: `usage` for each group, then for all (`by` is empty), then `advice`. */
export function usageJson({ total, groups, advice, undecidedJobs }: Found): readonly string[] {
  if (total === null) return []
  return [
    ...groups.map((sum) => ({ kind: 'usage', ...sum })),
    { kind: 'usage', ...total, undecided_jobs: undecidedJobs },
    ...advice.map((one) => ({ kind: 'advice', ...one })),
  ].map((line) => JSON.stringify(line))
}

interface Column {
  readonly title: string
  readonly cell: (sum: UsageSum) => string
}

/** A column of which nothing is known in any line is left out, but for core-hours: of these people ask. */
function shownColumns(sums: readonly UsageSum[]): readonly Column[] {
  const maybe = (
    title: string,
    key: 'core_hours' | 'node_hours' | 'gpu_hours' | 'energy_kwh' | 'cpu_efficiency',
    words: (value: number) => string,
  ): readonly Column[] => {
    if (key !== 'core_hours' && sums.every((sum) => sum[key] === undefined)) return []
    const cell = (sum: UsageSum): string => {
      const value = sum[key]
      return value === undefined ? '-' : words(value)
    }
    return [{ title, cell }]
  }
  return [
    { title: 'JOBS', cell: ({ jobs }) => String(jobs) },
    { title: 'RUNS', cell: ({ runs }) => String(runs) },
    { title: 'ATTEMPTS', cell: ({ attempts }) => String(attempts) },
    ...maybe('CORE-HOURS', 'core_hours', amount),
    ...maybe('NODE-HOURS', 'node_hours', amount),
    ...maybe('GPU-HOURS', 'gpu_hours', amount),
    ...maybe('KWH', 'energy_kwh', amount),
    ...maybe('CPU USED', 'cpu_efficiency', percent),
  ]
}

function adviceWords({ what, like, asked, most, share, enough, runs }: UsageAdvice): string {
  switch (what) {
    case 'memory':
      return `${like}: ${percent(share)} of ${size(asked)}; ${size(enough)} would have served ${runs} of ${runs} runs`
    case 'time':
      return `${like}: asked for ${duration(asked)}, the longest of ${runs} runs took ${duration(most)}; ${duration(enough)} would have served them all`
    default:
      return what satisfies never
  }
}

/** Memory as it is asked of Slurm: `24 G`, in powers of 1024. */
function size(bytes: number): string {
  const [unit, value] = bytes >= 1024 ** 3 ? ['G', bytes / 1024 ** 3] : ['M', bytes / 1024 ** 2]
  return `${Math.round(value * 10) / 10} ${unit}`
}

import type { ConditionFailure } from '../job/metric-condition.ts'
import type { UsageNote } from '../job/note.ts'
import type { Words } from './word-table.ts'

/** Words for what is no condition on a metric. */
export const conditionWords = {
  'bad-condition': ({ text }) =>
    `"${text}" is no condition; one is a metric, a comparison (< <= > >= == !=) and a number, as in "cpu_efficiency < 0.2"`,
  'unknown-metric': ({ name, nearest, known }) =>
    `there is no metric ${name}${nearest === null ? '.' : `; did you mean ${nearest}?`} Known are ${known.join(', ')}`,
  'bad-metric-value': ({ value }) =>
    `"${value}" is no number; it may end in K, M, G, T or P for memory, or in %, as in 10G or 20%`,
} satisfies Words<ConditionFailure>

/** Words for what `usage` cannot read. */
export const usageWords = {
  ...conditionWords,
  'bad-day': ({ text }) =>
    `"${text}" is no date; one is as in 2026-11-26, or 2026-11-26T12:00 with a time in UTC`,
} satisfies Words<UsageNote>

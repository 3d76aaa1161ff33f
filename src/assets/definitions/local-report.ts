import type { ProblemFacts, ValuePath } from './problem.ts'

/** Takes what is wrong at a path; `key`: the name that leads there is meant. */
export type Report = (facts: ProblemFacts, path: ValuePath, at?: 'key' | 'value') => void

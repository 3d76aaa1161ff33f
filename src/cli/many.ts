import type { Runtime } from './runtime.ts'

/** Below so many jobs, early collection would cost more time than it saves memory that anybody needs. */
const many = 2000

/** Has memory collected early where very many jobs are listed. */
export function collectIfMany(runtime: Runtime, jobs: number): void {
  if (jobs > many) runtime.collectEarly()
}

/** So many lines are written by one call: each is a system call. */
const atOnce = 500

/** Writes lines to standard output, many at a time. */
export function printLines(runtime: Pick<Runtime, 'out'>, lines: Iterable<string>): void {
  let text = ''
  let count = 0
  for (const line of lines) {
    text += `${line}\n`
    if (++count % atOnce !== 0) continue
    runtime.out(text)
    text = ''
  }
  if (text !== '') runtime.out(text)
}

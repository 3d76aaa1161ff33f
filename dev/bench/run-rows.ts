import { Hindrance } from '../setup/command.ts'
import type { Bench } from './bench.ts'
import { duration, timesTable, type Failure, type Line } from './line.ts'
import { breath, interruption } from './measure.ts'
import type { Row } from './row.ts'

/** Runs rows one after the other; one that fails says so in the table and is no reason to end. Ctrl-C is. */
export async function runRows(
  rows: readonly Row[],
  bench: Bench,
): Promise<{ readonly tables: readonly string[]; readonly code: number }> {
  const lines: (Line | Failure)[] = []
  const below: string[] = []
  let failed = false
  const { signal } = interruption
  const interrupt = (): void => {
    bench.say('interrupted: one moment')
    interruption.abort()
  }
  // The second Ctrl-C ends everything at once.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupt)
  for (const row of rows) {
    bench.say(`${row.name}: ${row.about}`)
    const begun = performance.now()
    try {
      const found = await row.run(bench)
      lines.push(...(found.lines ?? []))
      if (found.below !== undefined) below.push('', ...found.below)
      for (const line of found.lines ?? [])
        bench.say(
          `  ${duration(line.waybill).padStart(9)} ${line.met === false ? 'MISSED ' : ''}${line.work}`,
        )
    } catch (problem) {
      // Ctrl-C ends the program that runs as well; who waits for that one sees it first.
      await breath().catch(() => {})
      const why = problem instanceof Error ? problem.message : String(problem)
      if (!signal.aborted) {
        failed = true
        lines.push({ work: row.about, reason: why })
        const bug = problem instanceof Error && !(problem instanceof Hindrance)
        bench.say(`  failed: ${bug ? problem.stack : why}`)
      }
    }
    bench.tidy()
    bench.say(`  took ${((performance.now() - begun) / 1000).toFixed(0)} s`)
    if (signal.aborted) break
  }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt)
  const tables = [
    ...(lines.length > 0 ? timesTable(lines) : []),
    ...below,
    ...(signal.aborted ? ['', 'Interrupted: the other rows were not measured.'] : []),
  ]
  return { tables, code: signal.aborted ? 130 : failed ? 1 : 0 }
}

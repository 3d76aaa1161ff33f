import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { exitCode } from '../api/exit-code.ts'
import { printableLines } from '../api/printable.ts'
import { jobOptions, type JobOptions } from './job-options.ts'
import type { OriginalOptions } from './original.ts'
import { makePrinter } from './printer.ts'
import type { Runtime } from './runtime.ts'

/** `waybill schedule --batch FILE`: many jobs, one JSON object a line. */
export async function runBatch(
  runtime: Runtime,
  file: string,
  words: readonly string[],
  options: JobOptions & OriginalOptions,
): Promise<void> {
  const refuse = (problem: string, code: number): void => {
    runtime.err(`waybill: ${problem}\n`)
    runtime.exit(code)
  }
  if (words.length > 0) {
    return refuse(
      `--batch takes its commands from ${file}: give no command beside it (${words.join(' ')})`,
      exitCode.usage,
    )
  }
  runtime.collectEarly()
  const opening = runtime.open(options)
  const { scheduleBatch } = await import('../api/schedule-batch.ts')
  const text = await readText(runtime, file)
  const dataset = await opening
  if (typeof text !== 'string') return refuse(`${file} cannot be read: ${text.message}`, exitCode.trouble)
  const lines = text.split('\n').map((line) => line.trim())
  if (lines.at(-1) === '') lines.pop()
  const printer = makePrinter(runtime, { json: options.json ?? false })
  let done = 0
  runtime.farewell(interrupted(done, lines.length))
  const { readStdin: _none, ...defaults } = jobOptions(runtime, options)
  await scheduleBatch(dataset, lines, {
    defaults,
    onOutput: (stdout, stderr) => {
      if (!(options.json ?? false))
        runtime.out(options.dryRun === undefined ? stdout : printableLines(stdout))
      runtime.err(stderr)
    },
    onDone: (now) => {
      done = now
      runtime.farewell(interrupted(done, lines.length))
    },
    ...printer.calls,
  })
  runtime.farewell(null)
  runtime.exit(printer.end())
}

function interrupted(done: number, all: number): string {
  return `interrupted. Of ${all} lines, ${done} are done; those right after may be, too: \`waybill jobs\` shows all that were. Of a batch that is given again, what is open already is refused`
}

async function readText(runtime: Runtime, file: string): Promise<string | Error> {
  try {
    if (file === '-') return (await runtime.readStdin()).toString()
    return readFileSync(resolve(runtime.cwd, file), 'utf8')
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

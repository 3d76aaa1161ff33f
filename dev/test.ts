import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { layoutOf } from './cluster/layout.ts'
import { demand, Hindrance, runTool } from './setup/command.ts'
import { installPackages } from './setup/packages.ts'

const checkout = join(import.meta.dirname, '..')

// The part of Vitest's JSON report that the tally needs.
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

// npm test -- [--tally] ARGUMENTS OF VITEST. With --tally the last line is "N passed, N failed".
await runTool(() => {
  const tally = process.argv.includes('--tally')
  const args = process.argv.slice(2).filter((word) => word !== '--tally')
  installPackages((line) => process.stderr.write(`set-up: ${line}\n`))
  if (process.getuid?.() === 0) demand(process.execPath, ['dev/cluster/main.ts', 'up'], { cwd: checkout })
  const folder = mkdtempSync(join(tmpdir(), 'waybill-report-'))
  const report = join(folder, 'report.json')
  const reporters = tally ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : []
  try {
    const vitest = join(checkout, 'node_modules/vitest/vitest.mjs')
    const child = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
      cwd: checkout,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, SLURM_CONF: layoutOf('default').conf },
    })
    if (tally) process.stdout.write(`${tallyOf(report, child.status)}\n`)
    return child.status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function tallyOf(path: string, code: number | null): string {
  const report = readReport(path)
  // A file that does not load has no failed test, and is one all the same.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const counted = report.numFailedTests + broken.length
  const failed = counted === 0 && code !== 0 ? 1 : counted
  const skipped = report.numPendingTests + report.numTodoTests
  return `${report.numPassedTests} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}

function readReport(path: string): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch (problem) {
    if (problem instanceof SyntaxError) throw new Hindrance(`the report of the tests cannot be read: ${path}`)
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }
  }
}

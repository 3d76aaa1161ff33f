import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, demand, runTool } from './setup/command.ts'

const checkout = join(import.meta.dirname, '..')

// Every check, one line each; what failing ones say comes after its line. Exit code 1 when one fails.
await runTool(() => {
  const tool = (name: string): string => join(checkout, 'node_modules/.bin', name)
  const checks: readonly (readonly [string, string, readonly string[]])[] = [
    ['types', tool('tsc'), ['--noEmit', '-p', '.']],
    ['lint', tool('oxlint'), []],
    ['format', tool('prettier'), ['--check', '--log-level', 'warn', '.']],
    ['unused', tool('knip'), ['--no-progress']],
    ['shell', 'shellcheck', shellFiles()],
  ]
  let failed = 0
  for (const [name, file, args] of checks) {
    const { code, stdout, stderr } = attempt(file, args, { cwd: checkout, env: process.env })
    process.stdout.write(`${name.padEnd(7)} ${code === 0 ? 'ok' : 'FAILED'}\n`)
    if (code === 0) continue
    failed += 1
    process.stdout.write(`${(stdout + stderr).trimEnd()}\n`)
  }
  return failed === 0 ? 0 : 1
})

// All tracked files that are shell by their name or first line.
function shellFiles(): readonly string[] {
  const tracked = demand('git', ['ls-files', '-z'], { cwd: checkout }).split('\0')
  const there = tracked.filter((path) => path !== '' && existsSync(join(checkout, path)))
  return there.filter((path) => path.endsWith('.sh') || (path.startsWith('.ci/') && isShell(path)))
}

function isShell(path: string): boolean {
  return /^#!.*\bsh\b|^#!.*\bbash\b/.test(readFileSync(join(checkout, path), 'utf8').split('\n', 1)[0] ?? '')
}

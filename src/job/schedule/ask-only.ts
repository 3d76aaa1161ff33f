import { rmSync } from 'node:fs'
import { jobFolder, type Context } from '../context.ts'
import { aboutDataset, keepScript, type Prepared, type Show } from './prepared.ts'
import type { Report } from '../report.ts'

/** `--test-only` and the like: asks sbatch, notes nothing. Gives its exit code, null when it refused. */
export async function askOnly(
  context: Context,
  prepared: Prepared,
  report: (report: Report) => void,
  show: Show,
): Promise<number | null> {
  const token = context.newToken()
  const folder = jobFolder(context, token)
  const kept = keepScript(context, prepared, folder)
  if (!kept.ok) {
    report(aboutDataset(context, 'impossible', kept.failure))
    return null
  }
  const held = await context.schedulers[prepared.command.scheduler].hold({
    token,
    name: 'test-only',
    words: prepared.words,
    cwd: context.cwd,
    env: context.env,
    stdinFile: kept.value,
    folder,
    array: null,
  })
  const outcome = await held.go()
  rmSync(folder, { recursive: true, force: true })
  show(outcome.stdout, outcome.stderr)
  if (outcome.kind === 'no-job') {
    report(aboutDataset(context, 'notneeded', { kind: 'no-job', cmd: prepared.spec.cmd }))
    return outcome.exitCode
  }
  const words = outcome.stderr || outcome.stdout
  report(aboutDataset(context, 'impossible', { kind: 'refused', words, exitCode: outcome.exitCode }))
  return null
}

import { jobName } from '../../contract/ids.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import { startingDirectory } from '../alt-dir/alt-dir.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { checkForeign } from './foreign-jobs.ts'
import { aboutDataset, filledCommand, type Prepared, type Show } from './prepared.ts'

/** Shows what would be done, and says whether it could be. */
export function dryRun(
  context: Context,
  prepared: Prepared,
  report: (report: Report) => void,
  show: Show,
): void {
  const { spec, declaration } = prepared
  if (prepared.request.dryRun === 'command') {
    show(`${joinWords(prepared.words)}\n`, '')
    return
  }
  const lines = [
    `command: ${spec.cmd}`,
    `expanded: ${joinWords(prepared.words)}`,
    `runs: ${prepared.command.scheduler === 'slurm' ? 'on Slurm' : 'on this machine'}, in ${spec.altDir === undefined ? spec.pwd : startingDirectory(context, spec)}`,
    ...declaration.inputPaths.map((path) => `input: ${path}`),
    ...prepared.reserved.map((path) => `reserves: ${path}`),
  ]
  show(`${lines.join('\n')}\n`, '')
  const inTheWay = prepared.request.checkOutputs ? findInTheWay(context, prepared.reserved) : null
  report({
    ...aboutDataset(
      context,
      inTheWay === null ? 'ok' : 'impossible',
      inTheWay ?? { kind: 'scheduled', cmd: filledCommand(spec) },
    ),
    action: 'schedule [dry-run]',
  })
}

/** What now stands in the way of reserving these paths, or null. */
function findInTheWay(context: Context, paths: readonly string[]): Note | null {
  const foreign = checkForeign(context, paths)
  if (!foreign.ok) return foreign.failure
  const conflict = context.ledger.conflict(context.dataset.root, paths)
  if (conflict === null) return null
  const { wanted, reserved, job } = conflict
  return { kind: 'output-conflict', wanted, reserved, job: jobName(job), schedulerId: null }
}

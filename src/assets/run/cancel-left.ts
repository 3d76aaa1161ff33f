import { jobName } from '../../contract/ids.ts'
import { cancel } from '../../job/cancel.ts'
import type { Context } from '../../job/context.ts'
import type { Report } from '../../job/report.ts'
import { isOpen } from '../../job/select.ts'
import type { Run } from './runs.ts'

/** What was submitted before this process saw that the run is cancelled ends as well. */
export async function cancelLeft(
  context: Context,
  run: Run,
  report: (report: Report) => void,
): Promise<void> {
  const left = context.ledger
    .jobsOfRun(run.token)
    .filter((job) => isOpen(job) && job.schedulerId !== null)
    .filter(({ id }) => !context.ledger.events(id).some(({ kind }) => kind === 'cancel-asked'))
  if (left.length > 0)
    await cancel(
      context,
      left.map(({ id }) => jobName(id)),
      report,
    )
}

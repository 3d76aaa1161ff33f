import { adopt as run } from '../job/adopt.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkArgument, checkOptions, text } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** Says which Slurm job (its id in digits) a lost submission became, as `waybill adopt`. */
export async function adopt(
  dataset: OpenDataset,
  job: string,
  slurmJobId: string,
  options: CallOptions = {},
): Promise<Outcome> {
  checkArgument('adopt', 'the job', job, text)
  checkArgument('adopt', "Slurm's job id", slurmJobId, (value) =>
    typeof value === 'string' && /^\d+$/.test(value) ? null : 'a string of digits, such as "4711"',
  )
  checkOptions('adopt', options, callChecks)
  return call(dataset, options, async (context, report) => {
    await run(context, { job, schedulerId: slurmJobId }, report)
    return {}
  })
}

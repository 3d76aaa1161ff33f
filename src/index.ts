// What `import … from 'waybill'` gives: the commands as functions (docs/api.md).
export { openDataset, type OpenOptions } from './wire.ts'
export type { OpenDataset } from './api/open-dataset.ts'
export type { CallOptions } from './api/call.ts'
export type { Outcome, Result } from './api/result.ts'
export { WaybillError } from './api/waybill-error.ts'
export { schedule, type ScheduleOptions, type ScheduleOutcome } from './api/schedule.ts'
export { scheduleBatch, type BatchJob, type BatchOptions } from './api/schedule-batch.ts'
export { run, type RunOptions } from './api/run.ts'
export { finish, type FinishOptions } from './api/finish.ts'
export { reschedule, type RescheduleOptions } from './api/reschedule.ts'
export { jobs, type JobsOptions, type JobsOutcome } from './api/jobs.ts'
export type { ListedJob } from './job/list.ts'
export { show, type ShowOutcome } from './api/show.ts'
export type { Shown } from './job/show.ts'
export type { ShownTask } from './job/show-task.ts'
export { usage, type UsageOptions, type UsageOutcome } from './api/usage.ts'
export type { UsageKey, UsageSum } from './job/usage/sum-usage.ts'
export type { UsageAdvice } from './job/usage/advice.ts'
export type { Metrics } from './job/metrics.ts'
export { logs, type LogsOptions, type LogsOutcome } from './api/logs.ts'
export { cancel } from './api/cancel.ts'
export { close, type CloseOptions } from './api/close.ts'
export { adopt } from './api/adopt.ts'
export { doctor, type DoctorOptions, type DoctorOutcome } from './api/doctor.ts'
export type { Finding } from './job/doctor.ts'
export { init, type InitOptions } from './api/init.ts'
export {
  checkAssets,
  type AssetsCheckOutcome,
  type AssetsSummary,
  type ToldProblem,
} from './api/assets-check.ts'
export type { AssetsOptions } from './api/load-assets.ts'
export { listAssets, type AssetsListOutcome, type ListedAsset } from './api/assets-list.ts'
export {
  planAssets,
  type PlanOptions,
  type PlanOutcome,
  type ToldAsset,
  type ToldBlocked,
  type ToldMaking,
  type ToldSetting,
  type ToldStale,
} from './api/plan.ts'
export {
  attach,
  materialize,
  type AttachOptions,
  type MaterializeOptions,
  type MaterializeOutcome,
} from './api/materialize.ts'
export { runs, type RunsOptions, type RunsOutcome } from './api/runs.ts'
export type { ListedRun } from './assets/run/runs.ts'
export type { Block } from './assets/held-back.ts'
export type { Reason } from './assets/reason.ts'
export { assetsSchema } from './api/assets-schema.ts'
export { trust, type TrustOptions } from './api/trust.ts'
export type { AssetsApi, AssetsConfig } from './assets/definitions/config-module.ts'

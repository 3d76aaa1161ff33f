import { altDir } from './rows/alt-dir.ts'
import { assetsFlight, assetsKeys } from './rows/assets-keys.ts'
import { assetsKnown } from './rows/assets-known.ts'
import { assetsEight, assetsMany } from './rows/assets-local.ts'
import { assetsNothing, assetsPlan } from './rows/assets-plan.ts'
import { assetsSlurm } from './rows/assets-slurm.ts'
import { conflicts } from './rows/conflicts.ts'
import { finishArray, finishOutputs } from './rows/finish-many-files.ts'
import { finishJobs, finishLarge } from './rows/finish.ts'
import { manyJobs } from './rows/many-jobs.ts'
import { listMany, scheduleBatch } from './rows/many.ts'
import { operations } from './rows/operations.ts'
import { octopus, run } from './rows/other.ts'
import { scheduleArray, scheduleLarge, scheduleOne } from './rows/schedule.ts'
import { start } from './rows/start.ts'
import { watch } from './rows/watch.ts'
import type { Row } from './row.ts'

/** All rows in their order: what fills the controller's memory with ended jobs comes late. */
export const allRows: readonly Row[] = [
  start,
  conflicts,
  assetsNothing,
  assetsPlan,
  assetsEight,
  assetsMany,
  assetsSlurm,
  assetsKnown,
  scheduleOne,
  run,
  octopus,
  operations,
  watch,
  finishJobs,
  finishLarge,
  finishOutputs,
  ...altDir,
  scheduleLarge,
  scheduleArray,
  listMany,
  scheduleBatch,
  finishArray,
  manyJobs,
  assetsKeys,
  assetsFlight,
]

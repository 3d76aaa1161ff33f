import * as z from 'zod'
import type { Written } from './written.ts'

const name = z.string()
const line = z.string()
const lines = z.array(line)

/** What a job may use, in the words that mean the same on every site. */
const resourceWords = {
  cpus: z.int().min(1).optional().describe('CPUs on each node'),
  gpus: z.int().min(0).optional().describe('GPUs on each node'),
  memory: z
    .union([z.string(), z.int()])
    .optional()
    .describe('memory on each node: 32G, 512M, 1T, or a number of MiB'),
  time: z
    .union([z.string(), z.int()])
    .optional()
    .describe('how long it may run: minutes, 02:00:00, 1-12 (days-hours), 1-12:30:00'),
  nodes: z.int().min(1).optional().describe('nodes'),
}

const resources = z.strictObject(resourceWords)
const slurmValue = z.union([z.string(), z.number(), z.boolean()])
const slurm = z.record(z.string(), slurmValue)
const env = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

const overrides = z.strictObject({
  resources: resources.optional().describe('what it may use there'),
  slurm: slurm.optional().describe('options of sbatch, by their long names'),
  env: env.optional().describe('variables of the environment'),
})

const run = z.union([
  z.string(),
  z.strictObject({
    bash: line.optional().describe('a script for bash, beside or below this file'),
    python: line.optional().describe('a script for python3, beside or below this file'),
    exec: lines.min(1).optional().describe('a program and its words; no shell reads them'),
    args: z
      .array(z.union([z.string(), z.number()]))
      .optional()
      .describe('words after the script or program'),
  }),
])

const dimension = z.union([
  z.array(z.union([z.string(), z.number()])).min(1),
  z.strictObject({
    start: line.describe('where the first window begins, UTC: 2026-01-01, 2026-01 or 2026-01-01T06'),
    end: line.optional().describe('where the last window ends at the latest'),
    every: line.describe('the size of a window: 1h, 6h, 1d, 1w, 1m'),
  }),
])

const check = z.strictObject({
  run: run.optional().describe('a command that fails when the check does'),
  metric: line.optional().describe('what must not be: cpu_efficiency < 0.2'),
  blocking: z.boolean().optional().describe('when it fails, nothing downstream runs (default: false)'),
})

const retry = z.strictObject({
  attempts: z.int().min(1).max(100).describe('how often it may run, the first time included'),
  when: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('the ends of a job that are tried again, in words of Slurm'),
  grow: z
    .strictObject({
      cpus: z.number().min(1).optional(),
      memory: z.number().min(1).optional(),
      time: z.number().min(1).optional(),
    })
    .optional()
    .describe('what each further attempt is multiplied by'),
})

const asset = z.strictObject({
  needs: z.array(name).optional().describe('assets and external sources that it is made of'),
  inputs: lines.optional().describe('files that it reads, besides what its needs made'),
  outputs: lines.optional().describe('files and folders that it makes; none: it lives elsewhere'),
  run: run.describe('what makes it: a line for sh, or a script, or a program'),
  partitions: z.record(z.string(), dimension).optional().describe('the pieces that it is made in'),
  env: env.optional().describe('variables of the environment'),
  extras: z.record(z.string(), z.json()).optional().describe('reach the payload through Dagster Pipes'),
  resources: resources.optional().describe('what a job may use'),
  slurm: slurm.optional().describe('options of sbatch, by their long names'),
  sites: z.record(z.string(), overrides).optional().describe('what differs at a site'),
  keys: z.record(z.string(), overrides).optional().describe('what differs for a partition key'),
  retry: retry.optional().describe('when it is run again'),
  checks: z.record(z.string(), check).optional().describe('what is looked at after it was made'),
  group: name.optional().describe('a group to select it by'),
  site: name.optional().describe('where it runs, instead of defaultSite'),
  description: z.string().optional(),
  owners: lines.optional(),
  tags: lines.optional().describe('words to select it by'),
})

const site = z.strictObject({
  scheduler: z.enum(['local', 'slurm']).describe('local: as processes of this machine'),
  defaults: z
    .object(resourceWords)
    .catchall(slurmValue)
    .optional()
    .describe('resources and options of sbatch, where an asset does not say otherwise'),
})

const external = z.strictObject({
  observe: line.describe('a line for sh that prints what changes when the source does'),
  description: z.string().optional(),
})

/** The form of `waybill.yaml`, and of what `waybill.config.ts` gives: strict, so that nothing written is dropped. */
export const writtenForm: z.ZodType<Written> = z.strictObject({
  sites: z.record(z.string(), site).optional().describe('where jobs run'),
  defaultSite: name.optional().describe('where assets run that name no site'),
  assets: z.record(z.string(), asset).optional().describe('what is made'),
  external: z.record(z.string(), external).optional().describe('what others make'),
})

/** The JSON Schema (2020-12) of the written form, for editors. */
export function definitionsSchema(): Readonly<Record<string, unknown>> {
  return { title: 'waybill.yaml', ...z.toJSONSchema(writtenForm, { io: 'input' }) }
}

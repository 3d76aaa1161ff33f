import type { Overrides } from './definitions.ts'
import type { Report } from './local-report.ts'
import type { ValuePath } from './problem.ts'
import { readMemory, readTimeLimit, resourceNames, type Resources } from './resources.ts'
import { optionProblem } from './slurm-options.ts'
import type { Template } from './template.ts'
import type { WrittenOverrides, WrittenSite } from './written.ts'

type WrittenResources = NonNullable<WrittenOverrides['resources']>

/** Of most assets; one for all of them, which are thousands. */
const nothing: Overrides = { resources: {}, slurm: new Map(), env: new Map() }

/** Reads what one level says about how a job runs. */
export function readOverrides(
  written: WrittenOverrides,
  path: ValuePath,
  report: Report,
  template: (text: string, path: ValuePath) => Template,
): Overrides {
  const { resources, slurm, env } = written
  if (resources === undefined && slurm === undefined && env === undefined) return nothing
  return {
    resources: readResources(written.resources ?? {}, [...path, 'resources'], report),
    slurm: readSlurm(written.slurm ?? {}, [...path, 'slurm'], report),
    env: readEnvironment(written.env ?? {}, [...path, 'env'], report, template),
  }
}

/** Reads a site's defaults: words for resources, and options of sbatch, side by side. */
export function readDefaults(
  site: WrittenSite,
  path: ValuePath,
  report: Report,
): Pick<Overrides, 'resources' | 'slurm'> {
  const written = site.defaults ?? {}
  const isResource = (name: string): boolean => (resourceNames as readonly string[]).includes(name)
  const options = Object.entries(written).filter(([name]) => !isResource(name))
  if (site.scheduler === 'local') {
    for (const [option] of options) report({ kind: 'not-a-slurm-site', option }, [...path, option], 'key')
  }
  return {
    resources: readResources(written, path, report),
    slurm:
      site.scheduler === 'local'
        ? new Map()
        : readSlurm(Object.fromEntries(options) as Record<string, string | number | boolean>, path, report),
  }
}

function readResources(written: WrittenResources, path: ValuePath, report: Report): Resources {
  const { cpus, gpus, nodes } = written
  const memory = written.memory === undefined ? undefined : readMemory(written.memory)
  const time = written.time === undefined ? undefined : readTimeLimit(written.time)
  if (memory === null) report({ kind: 'bad-memory', text: String(written.memory) }, [...path, 'memory'])
  if (time === null) report({ kind: 'bad-time', text: String(written.time) }, [...path, 'time'])
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(gpus === undefined ? {} : { gpus }),
    ...(typeof memory === 'number' ? { memory } : {}),
    ...(typeof time === 'number' ? { time } : {}),
    ...(nodes === undefined ? {} : { nodes }),
  }
}

function readSlurm(
  written: Readonly<Record<string, string | number | boolean>>,
  path: ValuePath,
  report: Report,
): ReadonlyMap<string, string | boolean> {
  const options = new Map<string, string | boolean>()
  for (const [name, value] of Object.entries(written)) {
    const problem = optionProblem(name, value)
    const at = problem?.kind === 'option-value' ? 'value' : 'key'
    if (problem !== null) report(problem, [...path, name], at)
    else if (/[\n\0]/.test(String(value))) report({ kind: 'forbidden-character' }, [...path, name])
    else options.set(name, typeof value === 'number' ? String(value) : value)
  }
  return options
}

/** Variables that Waybill and the messages of payloads say themselves. */
const ownVariable = /^(WAYBILL|DAGSTER_PIPES)_/

function readEnvironment(
  written: Readonly<Record<string, string | number | boolean>>,
  path: ValuePath,
  report: Report,
  template: (text: string, path: ValuePath) => Template,
): ReadonlyMap<string, Template> {
  const variables = new Map<string, Template>()
  for (const [name, value] of Object.entries(written)) {
    const why = !/^[A-Za-z_]\w*$/.test(name) ? 'form' : ownVariable.test(name) ? 'own' : null
    if (why !== null) report({ kind: 'bad-variable', name, why }, [...path, name], 'key')
    variables.set(name, template(String(value), [...path, name]))
  }
  return variables
}

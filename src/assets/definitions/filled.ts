import { escapePattern } from '../../dataset/paths.ts'
import type { PartitionKey } from './key-space.ts'
import type { Settings } from './settings.ts'
import { fillTemplate, type Template } from './template.ts'

/** Inputs or outputs of an asset for one key (null: it has none), as root-relative patterns; wildcards in a value name themselves. */
export function pathsFor(templates: readonly Template[], key: PartitionKey | null): readonly string[] {
  return templates.map((template) => fillTemplate(template, key?.values ?? {}, escapePattern))
}

/** The variables that settings give a job for one key. */
export function environmentFor(
  { env }: Settings,
  key: PartitionKey | null,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...env].map(([name, { value }]) => [name, fillTemplate(value, key?.values ?? {})]),
  )
}

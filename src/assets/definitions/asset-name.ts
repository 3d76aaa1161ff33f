/** Words of the language that selects assets: no asset may have them as its name. */
const reserved: ReadonlySet<string> = new Set(['not', 'and', 'or', 'stale', 'all'])

/** Why a name cannot be one. */
export type BadName = 'characters' | 'beginning' | 'reserved'

/**
 * What stands against a name of an asset or an external source, or null: parts of letters, digits, `_`, `.` and `-`, joined
 * by `/` (as Dagster's asset keys), none beginning with `-` or `.`, and no word of the selection language.
 */
export function badName(name: string): BadName | null {
  if (reserved.has(name.toLowerCase())) return 'reserved'
  const parts = name.split('/')
  if (!parts.every((part) => /^[A-Za-z0-9_.-]+$/.test(part))) return 'characters'
  return parts.some((part) => /^[-.]/.test(part)) ? 'beginning' : null
}

/** What stands against a name of one part (a site, a group, a check), or null. */
export function badPlainName(name: string): BadName | null {
  return name.includes('/') ? 'characters' : badName(name)
}

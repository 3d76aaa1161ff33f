/** A task's context as Dagster Pipes 0.1 has it (PipesContextData of dagster-pipes): every key is there. */
export interface PipesContextData {
  readonly asset_keys: readonly string[] | null
  readonly code_version_by_asset_key: Readonly<Record<string, string | null>> | null
  readonly provenance_by_asset_key: Readonly<Record<string, PipesProvenance | null>> | null
  readonly partition_key: string | null
  readonly partition_key_range: { readonly start: string; readonly end: string } | null
  /** ISO 8601. */
  readonly partition_time_window: { readonly start: string; readonly end: string } | null
  readonly run_id: string
  readonly job_name: string | null
  readonly retry_number: number
  readonly extras: Readonly<Record<string, unknown>>
}

/** From what an asset was made the last time. */
export interface PipesProvenance {
  readonly code_version: string
  readonly input_data_versions: Readonly<Record<string, string>>
  readonly is_user_provided: boolean
}

/** Makes a context of what there is to say: keys that are left out are null, zero or empty, as the protocol has them. */
export function contextData(
  said: Pick<PipesContextData, 'run_id'> & Partial<PipesContextData>,
): PipesContextData {
  return {
    asset_keys: null,
    code_version_by_asset_key: null,
    provenance_by_asset_key: null,
    partition_key: null,
    partition_key_range: null,
    partition_time_window: null,
    job_name: null,
    retry_number: 0,
    extras: {},
    ...said,
  }
}

/** An asset key as payloads see it: its parts joined by `/`, with `/` and `\` in a part escaped by `\`. */
export function assetKey(parts: readonly string[]): string {
  return parts.map((part) => part.replace(/[/\\]/g, '\\$&')).join('/')
}

/** The parts of an escaped asset key; `\` before any character stands for that character. */
export function assetKeyParts(key: string): readonly string[] {
  const parts = ['']
  for (const [, escaped, plain] of key.matchAll(/\\([^])|([^])/g)) {
    if (plain === '/') parts.push('')
    else parts.push((parts.pop() ?? '') + (escaped ?? plain ?? ''))
  }
  return parts
}

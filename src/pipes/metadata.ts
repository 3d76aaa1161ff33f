import { isObject, strict, type JsonObject } from './json.ts'

/** What a payload reports about an asset or a check, by name. */
export type Metadata = Readonly<Record<string, MetadataValue>>

/**
 * A value and its type, in Pipes's words: text url path notebook json md float int bool dagster_run asset null table
 * table_schema table_column_lineage timestamp; other clients have more. Numbers that JSON cannot hold are text: the
 * floats `NaN`, `Infinity` and `-Infinity`, and ints of more than 53 bits.
 */
export interface MetadataValue {
  readonly raw_value: unknown
  readonly type: string
}

/**
 * Gives each value its type: as it is said, else (`__infer__`, or a plain value) from the value, as Dagster does.
 * `{"raw_value", "type"}` alone is a value with its type; any other object is of the type json.
 */
export function toMetadata(values: JsonObject): Metadata {
  // No prototype: a payload may call a value `__proto__`.
  const metadata: Record<string, MetadataValue> = Object.create(null) as Record<string, MetadataValue>
  for (const [name, value] of Object.entries(values)) metadata[name] = toValue(value)
  return metadata
}

function toValue(value: unknown): MetadataValue {
  if (isObject(value) && Object.keys(value).length === 2 && 'raw_value' in value && 'type' in value) {
    const { raw_value, type } = value
    if (typeof type === 'string' && type !== '__infer__') return typed(raw_value, type)
    if (type === '__infer__' || type === null) return typed(raw_value, typeOf(raw_value))
  }
  return typed(value, typeOf(value))
}

function typed(value: unknown, type: string): MetadataValue {
  return { raw_value: strict(value), type }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return 'json'
}

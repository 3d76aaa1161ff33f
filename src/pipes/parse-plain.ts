import type { Said } from './event.ts'
import { isObject, strict, type JsonObject } from './json.ts'
import { isSeverity, toLevel } from './levels.ts'
import { toMetadata } from './metadata.ts'

/**
 * What a plain line says, by the key that it has (docs/payloads.md): `log`, `check`, `metadata` or `data_version`. One
 * that is none of these, or whose values are of other types, is a custom message: nothing is refused.
 */
export function parsePlain(line: JsonObject): Said {
  return attempt(line) ?? log(line) ?? check(line) ?? materialization(line) ?? custom(line)
}

function attempt({ waybill_attempt }: JsonObject): Said | null {
  if (typeof waybill_attempt !== 'number' || !Number.isSafeInteger(waybill_attempt)) return null
  return { kind: 'attempt', attempt: waybill_attempt }
}

function log({ log: message, level }: JsonObject): Said | null {
  return typeof message === 'string' ? { kind: 'log', via: 'plain', level: toLevel(level), message } : null
}

function check({
  check: checkName,
  passed,
  severity = 'ERROR',
  metadata = {},
  asset = null,
}: JsonObject): Said | null {
  if (typeof checkName !== 'string' || typeof passed !== 'boolean') return null
  if (!isSeverity(severity) || !isObject(metadata) || !isText(asset)) return null
  return {
    kind: 'check',
    via: 'plain',
    assetKey: asset,
    checkName,
    passed,
    severity,
    metadata: toMetadata(metadata),
  }
}

function materialization(line: JsonObject): Said | null {
  if (!('metadata' in line) && !('data_version' in line)) return null
  const { metadata = {}, data_version = null, asset = null } = line
  if (!isObject(metadata) || !isText(data_version) || !isText(asset)) return null
  return {
    kind: 'materialization',
    via: 'plain',
    assetKey: asset,
    dataVersion: data_version,
    metadata: toMetadata(metadata),
  }
}

function custom(line: JsonObject): Said {
  return { kind: 'custom', via: 'plain', payload: strict(line) }
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

import { isUtf8 } from 'node:buffer'
import type { PipesEvent, PipesException, Said } from './event.ts'
import { isObject, parseJson, strict, type JsonObject } from './json.ts'
import { isSeverity, toLevel } from './levels.ts'
import { toMetadata } from './metadata.ts'
import { parsePlain } from './parse-plain.ts'

/** How much of a bad line is kept, in characters. */
export const shownOfBadLine = 200

/**
 * What one line says, its newline taken off; null for a blank one. Never throws. Lines with `__dagster_pipes_version` are
 * Dagster Pipes, of whatever version; all others are plain ones (docs/payloads.md).
 */
export function parseLine(line: Buffer, offset: number): PipesEvent | null {
  const broken = isUtf8(line) ? {} : { broken: true as const }
  // A byte order mark, which some tools write at the beginning of a file, is nothing that was said.
  const text = line.toString('utf8').replace(/^\uFEFF/, '')
  if (text.trim() === '') return null
  const bad = (why: 'json' | 'message' | 'too-deep'): PipesEvent => ({
    kind: 'bad-line',
    why,
    text: text.slice(0, shownOfBadLine).toWellFormed(),
    offset,
    ...broken,
  })
  const parsed = parseJson(text)
  if ('bad' in parsed) return bad(parsed.bad)
  if (!isObject(parsed.value)) return bad('json')
  const said = '__dagster_pipes_version' in parsed.value ? parsePipes(parsed.value) : parsePlain(parsed.value)
  return said === null ? bad('message') : { ...said, offset, ...broken }
}

function parsePipes({ method, params }: JsonObject): Said | null {
  if (typeof method !== 'string') return null
  if (params !== null && params !== undefined && !isObject(params)) return null
  const given = params ?? {}
  switch (method) {
    case 'opened':
      return { kind: 'opened', extras: strict(given['extras'] ?? {}) }
    case 'closed':
      return { kind: 'closed', exception: closedBy(given) }
    case 'log':
      if (typeof given['message'] !== 'string') return null
      return { kind: 'log', via: 'pipes', level: toLevel(given['level']), message: given['message'] }
    case 'report_asset_materialization':
      return materialization(given)
    case 'report_asset_check':
      return check(given)
    case 'report_custom_message':
      return { kind: 'custom', via: 'pipes', payload: strict(given['payload'] ?? null) }
    case 'log_external_stream': {
      const { stream, text } = given
      if ((stream !== 'stdout' && stream !== 'stderr') || typeof text !== 'string') return null
      return { kind: 'stream', stream, text }
    }
    default:
      return { kind: 'unknown-method', method }
  }
}

function materialization(given: JsonObject): Said | null {
  const { asset_key, data_version = null, metadata } = given
  if (typeof asset_key !== 'string' || (data_version !== null && typeof data_version !== 'string'))
    return null
  const values = metadata ?? {}
  if (!isObject(values)) return null
  return {
    kind: 'materialization',
    via: 'pipes',
    assetKey: asset_key,
    dataVersion: data_version,
    metadata: toMetadata(values),
  }
}

function check(given: JsonObject): Said | null {
  const { asset_key, check_name, passed, severity = 'ERROR', metadata } = given
  if (typeof asset_key !== 'string' || typeof check_name !== 'string' || typeof passed !== 'boolean')
    return null
  const values = metadata ?? {}
  if (!isSeverity(severity) || !isObject(values)) return null
  return {
    kind: 'check',
    via: 'pipes',
    assetKey: asset_key,
    checkName: check_name,
    passed,
    severity,
    metadata: toMetadata(values),
  }
}

/** Python says `{"exception": {…}}`; Rust puts the exception's fields in the parameters themselves. */
function closedBy(given: JsonObject): PipesException | null {
  const exception = 'exception' in given ? given['exception'] : given
  if (!isObject(exception)) return null
  const isSaid = 'message' in exception || 'name' in exception || 'stack' in exception
  return isSaid ? toException(exception) : null
}

function toException(given: JsonObject): PipesException {
  const { message, name, stack, cause, context } = given
  return {
    message: typeof message === 'string' ? message : '',
    name: typeof name === 'string' ? name : null,
    stack: Array.isArray(stack) ? stack.filter((line) => typeof line === 'string') : [],
    cause: isObject(cause) ? toException(cause) : null,
    context: isObject(context) ? toException(context) : null,
  }
}

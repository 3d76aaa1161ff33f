import { deflateSync } from 'node:zlib'

/** The variables by which a payload finds its context and the file for its messages; both paths are absolute. */
export function payloadEnvironment(files: {
  readonly context: string
  readonly messages: string
}): Readonly<Record<string, string>> {
  return {
    DAGSTER_PIPES_CONTEXT: encodeParameter({ path: files.context }),
    // Not include_stdio_in_messages: clients in TypeScript fail on it, and it costs those in Python seconds.
    DAGSTER_PIPES_MESSAGES: encodeParameter({ path: files.messages }),
    WAYBILL_MESSAGES: files.messages,
  }
}

/** A bootstrap parameter of Dagster Pipes: base64 of zlib (RFC 1950) of JSON. */
function encodeParameter(value: unknown): string {
  return deflateSync(JSON.stringify(value)).toString('base64')
}

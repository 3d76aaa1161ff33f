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

/**
 * A bootstrap parameter of Dagster Pipes: base64 of zlib (RFC 1950) of JSON, in one block that is stored as it is. Paths are short,
 * and a hundred thousand tasks have two each.
 */
function encodeParameter(value: unknown): string {
  const text = Buffer.from(JSON.stringify(value))
  const frame = Buffer.alloc(text.length + 11)
  frame.writeUInt16BE(0x7801, 0)
  frame.writeUInt8(1, 2)
  frame.writeUInt16LE(text.length, 3)
  frame.writeUInt16LE(~text.length & 0xffff, 5)
  text.copy(frame, 7)
  frame.writeUInt32BE(adler32(text), text.length + 7)
  return frame.toString('base64')
}

/** RFC 1950, 8.2. */
function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0]
  for (const byte of bytes) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return b * 65_536 + a
}

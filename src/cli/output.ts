import type { Writable } from 'node:stream'

/** Standard output or standard error, as commands write to it: no write ever fails. */
export interface Output {
  /** Writes, or does nothing once the stream has failed: work that has begun goes on all the same. */
  readonly write: (text: string | Buffer) => void
  /** False once nobody reads it any more, or it could not be written. */
  readonly isOpen: () => boolean
  /** Why it could not be written (a full disk); null when all is well, or a reader just had seen enough. */
  readonly trouble: () => Error | null
}

/** Makes an output of a stream and takes care of its errors. */
export function makeOutput(stream: Writable): Output {
  let seen: Error | null = null
  // Without a listener the error would end the process in the middle of its work.
  stream.on('error', (error) => {
    seen ??= error
  })
  const failed = (): Error | null => seen ?? stream.errored
  return {
    write: (text) => {
      if (failed() === null) stream.write(text)
    },
    isOpen: () => failed() === null,
    trouble: () => {
      const error = failed()
      return error === null || readerGone(error) ? null : error
    },
  }
}

/** `waybill jobs | head`: no trouble. */
function readerGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ECONNRESET'
}

/** Longer lines are no messages: they are passed over without being kept. In bytes. */
export const longestLine = 8 * 1024 * 1024

/** A line, its newline taken off, and where it begins. Of one that is too long only the beginning is given. */
export interface Line {
  readonly bytes: Buffer
  readonly offset: number
  readonly tooLong: boolean
}

/** How far a file is read: to `offset`, in bytes; `skipping`: in the midst of a line that is too long and was told. */
export interface Cut {
  readonly offset: number
  readonly skipping: boolean
}

/**
 * Cuts a stream of bytes into lines. However it is cut into pieces, the lines are the same. It holds back a line without
 * its newline, and never more than `longestLine` bytes.
 */
export class LineCutter {
  #pending: Buffer[] = []
  #held = 0
  #offset: number
  #skipping: boolean

  constructor(from: Cut) {
    this.#offset = from.offset
    this.#skipping = from.skipping
  }

  /** What has been dealt with: begun again from here, the same lines follow. */
  get cut(): Cut {
    return { offset: this.#offset, skipping: this.#skipping }
  }

  /** Takes the bytes that follow, and gives the lines that end in them. The bytes are not kept beyond the call. */
  push(bytes: Buffer): readonly Line[] {
    const lines: Line[] = []
    let from = 0
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, from)) {
      this.#take(bytes.subarray(from, end), lines)
      this.#endLine(lines, 1)
      from = end + 1
    }
    this.#take(bytes.subarray(from), lines)
    return lines
  }

  /** No more will come: what was held back is the last line. */
  end(): readonly Line[] {
    const lines: Line[] = []
    if (this.#held > 0) this.#endLine(lines, 0)
    return lines
  }

  #take(part: Buffer, lines: Line[]): void {
    if (this.#skipping) {
      this.#offset += part.length
      return
    }
    const room = longestLine - this.#held
    if (part.length > 0 && room > 0) this.#pending.push(Buffer.from(part.subarray(0, room)))
    this.#held += Math.min(part.length, room)
    if (part.length <= room) return
    lines.push({ bytes: Buffer.concat(this.#pending), offset: this.#offset, tooLong: true })
    this.#offset += this.#held + part.length - room
    this.#skipping = true
    this.#pending = []
    this.#held = 0
  }

  #endLine(lines: Line[], newline: number): void {
    if (!this.#skipping) {
      lines.push({ bytes: Buffer.concat(this.#pending), offset: this.#offset, tooLong: false })
    }
    this.#offset += this.#held + newline
    this.#skipping = false
    this.#pending = []
    this.#held = 0
  }
}

import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PipesEvent } from './event.ts'
import { LineCutter, longestLine, type Line } from './line-cutter.ts'
import { readMessages, type Position } from './read-messages.ts'

let folder: string
let file: string
let position: Position | null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-pipes-'))
  file = join(folder, 'messages')
  position = null
})

afterEach(() => rmSync(folder, { recursive: true }))

/** Reads on from where the last call ended; what was said, in a word each. */
function read(ended = false): readonly string[] {
  const words: string[] = []
  for (const batch of readMessages(file, position, ended)) {
    words.push(...batch.events.map(word))
    position = batch.position
  }
  return words
}

function word(event: PipesEvent): string {
  if (event.kind === 'log') return event.message
  return event.kind === 'bad-line' ? `${event.kind} ${event.why}` : event.kind
}

const log = (message: string): string => `${JSON.stringify({ log: message })}\n`

test('lines are read as they come, each once; half a line waits for its end or the end of the job', () => {
  expect(read()).toEqual([])
  writeFileSync(file, log('a') + log('b').slice(0, 5))
  expect(read()).toEqual(['a'])
  expect(read()).toEqual([])
  appendFileSync(file, `${log('b').slice(5)}\n\n${log('c').trimEnd()}`)
  expect(read()).toEqual(['b'])
  expect(read(true)).toEqual(['c'])
  expect(read(true)).toEqual([])
})

test('events tell where their line begins, in bytes', () => {
  writeFileSync(file, `${log('é')}\n\nnonsense\n`)
  const [batch] = readMessages(file, null, false)
  expect(batch?.events.map(({ offset }) => offset)).toEqual([0, 15])
})

test('a file that was cut off, replaced or cut and filled again begins anew', () => {
  writeFileSync(file, log('a') + log('b'))
  expect(read()).toEqual(['a', 'b'])
  truncateSync(file)
  appendFileSync(file, log('c'))
  expect(read()).toEqual(['restarted', 'c'])
  writeFileSync(file, log('d') + log('e') + log('f'))
  expect(read()).toEqual(['restarted', 'd', 'e', 'f'])
  // The same content under another inode is the same file.
  writeFileSync(join(folder, 'copy'), log('d') + log('e') + log('f') + log('g'))
  renameSync(join(folder, 'copy'), file)
  expect(read()).toEqual(['g'])
})

test('a line of a mebibyte is kept whole; a far longer one is told once and passed over, also half-way', () => {
  const long = 'x'.repeat(1024 * 1024)
  const piece = Buffer.alloc(longestLine, 'y')
  writeFileSync(file, log(long))
  appendFileSync(file, piece)
  expect(read()).toEqual([long])
  appendFileSync(file, piece)
  expect(read()).toEqual(['bad-line too-long'])
  appendFileSync(file, piece)
  expect(read()).toEqual([])
  expect(position?.skipping).toBe(true)
  appendFileSync(file, `\n${log('after')}`)
  expect(read()).toEqual(['after'])
})

test('a large file comes in small batches, which nobody has to hold together', () => {
  const target = openSync(file, 'w')
  const block = Buffer.from(log('z'.repeat(1000)).repeat(1000))
  for (let i = 0; i < 64; i++) writeSync(target, block)
  closeSync(target)
  let events = 0
  let most = 0
  for (const batch of readMessages(file, null, true)) {
    events += batch.events.length
    most = Math.max(most, batch.events.length)
  }
  expect(events).toBe(64_000)
  expect(most).toBeLessThan(2000)
})

test('however the bytes come in pieces, and whoever goes on from where another ended, the lines are the same', () => {
  const content = fc
    .array(
      fc.oneof(
        fc.constant(Buffer.from('\n')),
        fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
      ),
    )
    .map((parts) => Buffer.concat(parts))
  const cuts = fc.array(fc.record({ size: fc.nat(9), anew: fc.boolean() }))
  fc.assert(
    fc.property(content, cuts, (bytes, pieces) => {
      const whole = new LineCutter({ offset: 0, skipping: false })
      const expected = [...whole.push(bytes), ...whole.end()].map(show)
      let cutter = new LineCutter({ offset: 0, skipping: false })
      const got: Line[] = []
      let at = 0
      for (const { size, anew } of pieces) {
        got.push(...cutter.push(bytes.subarray(at, at + size)))
        at = Math.min(at + size, bytes.length)
        if (!anew) continue
        cutter = new LineCutter(cutter.cut)
        at = cutter.cut.offset
      }
      got.push(...cutter.push(bytes.subarray(at)), ...cutter.end())
      expect(got.map(show)).toEqual(expected)
      expect(cutter.cut).toEqual(whole.cut)
    }),
  )
})

function show({ bytes, offset, tooLong }: Line): string {
  return `${offset} ${tooLong} ${bytes.toString('latin1')}`
}

import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { makeOutput } from './output.ts'

/** A stream that takes `room` writes and then fails with `code`; it counts what it was asked. */
function failing(code: string, room: number): { readonly stream: Writable; readonly asked: string[] } {
  const asked: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      asked.push(chunk.toString())
      done(asked.length > room ? Object.assign(new Error(code), { code }) : null)
    },
  })
  return { stream, asked }
}

test.each([
  ['EPIPE', null],
  ['ENOSPC', 'ENOSPC'],
])('after %s nothing more is written, and nothing is thrown', async (code, trouble) => {
  const { stream, asked } = failing(code, 1)
  const output = makeOutput(stream)
  for (const text of ['a', 'b', 'c']) output.write(text)
  await new Promise((resolve) => setImmediate(resolve))
  output.write('d')
  expect(asked).toEqual(['a', 'b'])
  expect(output.isOpen()).toBe(false)
  expect(output.trouble()?.message ?? null).toBe(trouble)
})

test('an output that takes all is open', () => {
  const output = makeOutput(failing('EPIPE', 9).stream)
  output.write('a')
  expect([output.isOpen(), output.trouble()]).toEqual([true, null])
})

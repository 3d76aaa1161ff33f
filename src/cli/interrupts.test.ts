import { expect, test } from 'vitest'
import { makeInterrupts } from './interrupts.ts'

class Ended extends Error {}

function interruptible(): {
  readonly clock: { now: number }
  readonly ends: number[]
  readonly interrupts: ReturnType<typeof makeInterrupts>
} {
  const clock = { now: 0 }
  const ends: number[] = []
  const end = (code: number): never => {
    ends.push(code)
    throw new Ended()
  }
  return { clock, ends, interrupts: makeInterrupts(() => clock.now, end) }
}

test('Ctrl-C ends at once where nothing could be cut in two', () => {
  const { ends, interrupts } = interruptible()
  expect(() => interrupts.signalled()).toThrow(Ended)
  expect(ends).toEqual([130])
})

test('within critical work it waits for its end, and the second one does not', async () => {
  const { clock, ends, interrupts } = interruptible()
  const work = interrupts.critical(async () => {
    interrupts.signalled()
    expect(ends).toEqual([])
    // The same key, passed on by a program in between.
    clock.now = 20
    interrupts.signalled()
    expect(ends).toEqual([])
    clock.now = 500
    expect(() => interrupts.signalled()).toThrow(Ended)
    return 'done'
  })
  await expect(work).rejects.toThrow(Ended)
  expect(ends).toEqual([130, 130])
})

test('nested critical work is one', async () => {
  const { ends, interrupts } = interruptible()
  await expect(
    interrupts.critical(async () => {
      await interrupts.critical(async () => interrupts.signalled())
      expect(ends).toEqual([])
    }),
  ).rejects.toThrow(Ended)
})

import { expect, test } from 'vitest'
import type { Job } from '../../job/context.ts'
import { spacingOf, untilNextLook } from './look-spacing.ts'

const slurm = spacingOf([{ scheduler: 'slurm' }, { scheduler: 'local' }] as unknown as readonly Job[])

/** When looks are made within so many seconds; from `silent` on nobody answers. */
function looks(seconds: number, silent = Infinity): readonly number[] {
  const all: number[] = []
  let away = 0
  for (let now = 0; ;) {
    now += untilNextLook(now, [0, away], slurm)
    if (now > seconds) return all
    all.push(now)
    if (now >= silent && away === 0) away = now
  }
}

test('an hour of jobs that do not change takes less than sixty looks, and the first comes soon', () => {
  const hour = looks(3600)
  expect(hour.length).toBeLessThan(60)
  expect(hour[0]).toBeLessThan(0.5)
})

test('a scheduler that falls silent is asked again soon, and after minutes is heard of within half of them', () => {
  const silence = looks(2000, 1000).filter((at) => at >= 1000)
  const [first = Number.NaN, second = Number.NaN] = silence
  expect(second - first).toBeLessThan(1)
  for (const [i, at] of silence.entries())
    expect((silence[i + 1] ?? at) - at).toBeLessThanOrEqual(Math.max(slurm.least, (at - first) / 2) + 1e-6)
})

test('jobs of this machine are looked at twice a second', () => {
  expect(untilNextLook(1e6, [0], spacingOf([{ scheduler: 'local' }] as unknown as readonly Job[]))).toBe(0.5)
})

import { expect, test } from 'vitest'
import { readMemory, readTimeLimit } from './resources.ts'

const MiB = 1024 ** 2

test.each([
  ['32G', 32_768 * MiB],
  ['512M', 512 * MiB],
  ['1T', MiB * MiB],
  [1000, 1000 * MiB],
  ['1000', 1000 * MiB],
  ['1536kb', 1.5 * MiB],
  ['0', null],
  ['1.5G', null],
  ['', null],
  ['G', null],
  ['-1', null],
  ['999999999999T', null],
])('memory %s is %s bytes', (text, bytes) => {
  expect(readMemory(text)).toBe(bytes)
})

// sbatch(1), --time.
test.each([
  [30, 1800],
  ['30', 1800],
  ['30:15', 1815],
  ['02:00:00', 7200],
  ['1-12', 129_600],
  ['1-12:30', 131_400],
  ['1-12:30:05', 131_405],
  ['0', null],
  ['UNLIMITED', null],
  ['1:2:3:4', null],
  ['-5', null],
])('a limit of %s is %s seconds', (text, seconds) => {
  expect(readTimeLimit(text)).toBe(seconds)
})

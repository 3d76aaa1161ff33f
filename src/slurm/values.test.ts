import { expect, test } from 'vitest'
import { readBytes, readDuration, readState, readTime, readTres } from './values.ts'

test.each([
  ['1-02:03:04', 93_784],
  ['02:03:04', 7_384],
  ['03:04.567', 184.567],
  ['0:01', 1],
  ['00:00:00', 0],
  ['INVALID', null],
  ['', null],
])('%s is %j seconds', (text, seconds) => {
  expect(readDuration(text)).toBe(seconds)
})

test.each([
  ['0', 0],
  ['46060K', 47_165_440],
  ['2.50M', 2_621_440],
  ['1G', 1_073_741_824],
  ['', null],
  ['16?', null],
])('%s is %j bytes', (text, bytes) => {
  expect(readBytes(text)).toBe(bytes)
})

test.each(['N/A', 'NONE', 'None', 'Unknown', '0', ''])('%j is no time', (text) => {
  expect(readTime(text)).toBeNull()
})

test('GPUs are counted with and without a type', () => {
  expect(readTres('billing=1,cpu=1,gres/gpu=2,node=1', 'gres/gpu')).toBe(2)
  expect(readTres('cpu=1,gres/gpu:a100=2,gres/gpu=2', 'gres/gpu')).toBe(2)
  expect(readTres('cpu=1,gres/gpu:a100=2,gres/gpu:h100=1', 'gres/gpu')).toBe(3)
  expect(readTres('cpu=1', 'gres/gpu')).toBeNull()
})

test('a state is its first word', () => {
  expect(readState('CANCELLED by 1000')).toBe('CANCELLED')
  expect(readState('OUT_OF_MEMORY')).toBe('OUT_OF_MEMORY')
})

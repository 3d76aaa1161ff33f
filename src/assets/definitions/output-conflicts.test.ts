import { expect, test } from 'vitest'
import { prove } from './test-definitions.ts'

/** What is wrong with two assets' outputs, each of which has the partitions that are given. */
async function conflict(a: string, b: string, partitions = '{ m: [gold, silver] }'): Promise<string | null> {
  const text = (output: string): string => {
    const held = /\{[mn]\}/.test(output) ? `partitions: ${partitions}, ` : ''
    return `{ run: "true", ${held}outputs: [${JSON.stringify(output)}] }`
  }
  const proved = await prove(`assets:\n  a: ${text(a)}\n  b: ${text(b)}\n`)
  return proved.ok ? null : proved.failure.map(({ kind }) => kind).join()
}

test.each([
  ['data', 'data'],
  ['data', 'data/x'],
  ['data/x', 'data'],
  ['data/*.csv', 'data/a.csv'],
  ['models/{m}', 'models/gold'],
  ['models/{m}', 'models/gold/x'],
  ['models/{m}.txt', 'models/{m}.txt'],
  ['models/{m}', 'models'],
  ['a/**/x', 'a/b'],
  ['.', 'x'],
])('%s and %s may be one path', async (a, b) => {
  expect(await conflict(a, b)).toBe('output-taken')
  expect(await conflict(b, a)).toBe('output-taken')
})

test.each([
  ['data', 'database'],
  ['models/{m}', 'models/iron'],
  ['models/{m}.txt', 'models/gold.csv'],
  ['models/{m}.txt', 'models/{m}.csv'],
  ['models/{m}/a', 'models/{m}/b'],
  ['data/*.csv', 'data/a.txt'],
])('%s and %s never are', async (a, b) => {
  expect(await conflict(a, b)).toBe(null)
  expect(await conflict(b, a)).toBe(null)
})

test.each<[string, string, string | null]>([
  ['{ m: [a, b] }', '"o/{m}", "o/{m}/log"', null],
  ['{ m: [a, b] }', '"o/{m}", "p/{m}"', null],
  ['{ m: [a, b-a] }', '"o/{m}", "o/b-{m}"', 'keys-share-output'],
  ['{ m: [x, xy], n: [yz, z] }', '"o/{m}{n}"', 'keys-share-output'],
  ['{ m: [x, xy], n: [yz, a] }', '"o/{m}{n}"', null],
  ['{ m: [x, y], n: [1, 2] }', '"o/{m}{n}"', null],
  ['{ m: [a-b, a], n: [c, b-c] }', '"o/{m}-{n}"', 'keys-share-output'],
  ['{ m: [a-b, a], d: { start: 2026-01-01, every: 1d } }', '"o/{m}-{d}"', null],
  ['{ m: [a-b, a], n: [c, b-c] }', '"o/{m}/{n}"', null],
])('keys of %s that write %s', async (partitions, outputs, problem) => {
  const text = `assets: { a: { run: "true", partitions: ${partitions}, outputs: [${outputs}] } }`
  const proved = await prove(text)
  expect(proved.ok ? null : proved.failure.map(({ kind }) => kind).join()).toBe(problem)
})

test('5,000 assets of many outputs are not compared in pairs', async () => {
  const assets = Array.from(
    { length: 5000 },
    (_, i) =>
      `  a${i}: { run: "true", partitions: { m: [x, y] }, outputs: ["data/${i}/{m}", "logs/{m}/${i}.txt", "plots/${i}-{m}"] }`,
  )
  // A comparison of all pairs takes minutes, and the test's time is over before.
  const proved = await prove(`assets:\n${assets.join('\n')}\n`)
  expect(proved.ok).toBe(true)
})

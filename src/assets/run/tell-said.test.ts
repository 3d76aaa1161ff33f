import { expect, test } from 'vitest'
import type { JobId } from '../../contract/ids.ts'
import type { Context } from '../../job/context.ts'
import type { Report } from '../../job/report.ts'
import { tellSaid } from './tell-said.ts'

/** A ledger with an array of `many` keys, each of which has said something, and how often it was asked for a job. */
function ledgerOf(many: number): { readonly context: Context; readonly asked: () => number } {
  const keys = Array.from({ length: many }, (_, i) => `k${i}`)
  let asked = 0
  const ledger = {
    newestMessage: () => 0,
    messagesOfRun: (_: string, after: number, most: number) =>
      keys.slice(after, after + most).map((_key, i) => ({
        n: after + i + 1,
        job: 1 as JobId,
        task: after + i,
        at: 0,
        event: { kind: 'log', level: 'INFO', message: 'done' },
      })),
    job: () => {
      asked += 1
      return { spec: { asset: { name: 'a', keys } } }
    },
  }
  return { context: { ledger } as unknown as Context, asked: () => asked }
}

test('a job is read once, however many of its tasks have said something', () => {
  const { context, asked } = ledgerOf(1200)
  const told: Report[] = []
  tellSaid(
    context,
    () => 'run',
    (one) => told.push(one),
  )()
  expect(told.map(({ facts }) => facts?.['key'])).toEqual(Array.from({ length: 1200 }, (_, i) => `k${i}`))
  expect(asked()).toBe(1)
})

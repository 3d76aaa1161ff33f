import { expect, test } from 'vitest'
import type { Job } from '../../job/context.ts'
import { atOnceOf, fitting, limited } from './fitting.ts'
import type { Piece } from './piece-settings.ts'

function piece(scheduler: 'local' | 'slurm', partitions: object | null = null): Piece {
  return { view: { site: { scheduler }, asset: { partitions } } } as unknown as Piece
}

function pieces(count: number, ...of: Parameters<typeof piece>): readonly Piece[] {
  return Array.from({ length: count }, () => piece(...of))
}

const openHere = Array.from({ length: 350 }, () => ({ scheduler: 'local' }) as Job)

test('of this machine a few hundred jobs are open at once, of Slurm as many as there are', () => {
  expect(fitting(pieces(1000, 'local'), [], Infinity)).toHaveLength(400)
  expect(fitting(pieces(1000, 'local', new Map()), [], Infinity)).toHaveLength(400)
  expect(fitting(pieces(1000, 'local'), openHere, Infinity)).toHaveLength(50)
  expect(fitting(pieces(1000, 'slurm'), [], Infinity)).toHaveLength(1000)
})

test('no more jobs than there is room for are taken, in order', () => {
  expect(fitting(pieces(1000, 'local', new Map()), [], 3)).toHaveLength(3)
  const ready = [piece('slurm'), piece('local'), piece('slurm')]
  expect(fitting(ready, openHere, 2)).toEqual(ready.slice(0, 2))
  expect(fitting(ready, openHere, 0)).toEqual([])
})

test('an array may have more tasks than there is room for, and runs only so many at once', () => {
  const [one = piece('slurm')] = pieces(1, 'slurm', new Map())
  const groups = [[one], [one, one, one, one], [one]] as const
  expect(fitting(groups[1], [], 1)).toHaveLength(4)
  const limits = (room: number): readonly unknown[] =>
    limited(groups, room).map(({ group, atOnce }) => [group.length, atOnce])
  expect(limits(Infinity)).toEqual([
    [1, null],
    [4, null],
    [1, null],
  ])
  expect(limits(6)).toEqual([
    [1, null],
    [4, null],
    [1, null],
  ])
  expect(limits(3)).toEqual([
    [1, null],
    [4, 2],
  ])
  expect(limits(0)).toEqual([])
})

test('of what is open counts what may run at once', () => {
  const job = (words: readonly string[], indices: string | null): Job =>
    ({
      state: 'submitted',
      recorded: [],
      spec: {
        words,
        asset: { name: 'a', keys: indices === null ? null : ['a', 'b', 'c'] },
        parts: indices === null ? { kind: 'single' } : { kind: 'array', indices },
      },
    }) as unknown as Job
  const array = (spec: string): Job => job(['sbatch', `--array=${spec}`, 'script'], '0-2')
  expect(
    atOnceOf([job(['sbatch', '--wrap', 'true'], null), array('0-2'), array('0-2%2'), array('0-2%9')]),
  ).toBe(9)
})

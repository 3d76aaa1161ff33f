import { expect, test } from 'vitest'
import type { Job } from '../../job/context.ts'
import { fitting } from './fitting.ts'
import type { Piece } from './piece-settings.ts'

function piece(scheduler: 'local' | 'slurm', partitions: object | null = null): Piece {
  return { view: { site: { scheduler }, asset: { partitions } } } as unknown as Piece
}

const local = Array.from({ length: 1000 }, () => piece('local'))
const openHere = Array.from({ length: 350 }, () => ({ scheduler: 'local' }) as Job)

test('of this machine a few hundred jobs are open at once, of Slurm as many as there are', () => {
  expect(fitting(local, [], 0, null)).toHaveLength(400)
  expect(fitting(local, openHere, 350, null)).toHaveLength(50)
  expect(
    fitting(
      Array.from({ length: 1000 }, () => piece('slurm')),
      [],
      0,
      null,
    ),
  ).toHaveLength(1000)
})

test('keys of one asset are one thing to look at, and no more than were asked for are taken, in order', () => {
  expect(
    fitting(
      Array.from({ length: 1000 }, () => piece('local', new Map())),
      [],
      0,
      null,
    ),
  ).toHaveLength(1000)
  const ready = [piece('slurm'), piece('local'), piece('slurm')]
  expect(fitting(ready, openHere, 8, 10)).toEqual(ready.slice(0, 2))
  expect(fitting(ready, openHere, 10, 10)).toEqual([])
})

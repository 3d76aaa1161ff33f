import { expect, test } from 'vitest'
import { materialize } from './materialize.ts'
import type { OpenDataset } from './open-dataset.ts'

test.each([{ jobs: 2 }, { keepGoing: true }])(
  'what is handed to Slurm as a whole takes no %j',
  async (more) => {
    await expect(materialize({} as OpenDataset, [], { detach: true, ...more })).rejects.toThrow(
      'detach has neither',
    )
  },
)

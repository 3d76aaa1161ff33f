import { expect, test } from 'vitest'
import { run } from './run.ts'

test.each([1, 1_000_000])(
  'an input that cannot be made after %i bytes ends the program, and is thrown',
  async (size) => {
    function* input(): Generator<Buffer> {
      yield Buffer.alloc(size)
      throw new Error('cannot be read')
    }
    await expect(run('cat', [], { input: input() })).rejects.toThrow('cannot be read')
  },
)

import { expect, test } from 'vitest'
import { observe } from './observe.ts'

const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', SOME: 'thing' }

test('what a command prints is the state, in the folder and the environment that it is given', async () => {
  const line = (name: string, text: string) => ({ name, observe: text, description: null })
  const sources = [
    line('a', 'pwd; echo "$SOME"'),
    line('b', 'printf "/\\nthing\\n"'),
    line('c', 'echo other'),
  ]
  const { versions, failures } = await observe({ folder: '/' }, sources, env)
  expect(failures).toEqual([])
  expect(versions.get('a')).toBe(versions.get('b'))
  expect(versions.get('a')).not.toBe(versions.get('c'))
})

test('a command that fails, prints nothing or is no command tells nothing', async () => {
  const line = (name: string, text: string) => ({ name, observe: text, description: null })
  const sources = [line('c', 'kill -9 $$'), line('b', 'true'), line('a', 'echo half; echo why >&2; exit 4')]
  const { versions, failures } = await observe({ folder: '/' }, sources, env)
  expect(versions.size).toBe(0)
  expect(failures).toEqual([
    { source: 'a', code: 4, words: 'why' },
    { source: 'b', code: 0, words: '' },
    { source: 'c', code: null, words: '' },
  ])
})

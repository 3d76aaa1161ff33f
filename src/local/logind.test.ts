import { expect, test } from 'vitest'
import { survivalUnder } from './logind.ts'

// As systemd 252 prints them: busctl get-property of three properties, loginctl --value.
const killing = 'b true\nas 1 "root"\nas 0\n'
const facts = { user: 'ada', policy: killing, linger: 'no\n', manager: true }

test('where logind lets processes live, nothing is done', () => {
  expect(survivalUnder({ ...facts, policy: 'b false\nas 1 "root"\nas 0\n' })).toEqual({ kind: 'plain' })
  expect(survivalUnder({ ...facts, policy: null })).toEqual({ kind: 'plain' })
})

test('users whom logind spares need nothing', () => {
  expect(survivalUnder({ ...facts, user: 'root' })).toEqual({ kind: 'plain' })
  expect(survivalUnder({ ...facts, policy: 'b true\nas 1 "root"\nas 1 "bob"\n' })).toEqual({ kind: 'plain' })
  expect(survivalUnder({ ...facts, policy: 'b true\nas 1 "root"\nas 2 "bob" "ada"\n' }).kind).toBe('doomed')
})

test('with lingering, jobs go into the service manager of the user', () => {
  expect(survivalUnder({ ...facts, linger: 'yes\n' })).toEqual({ kind: 'scope' })
  expect(survivalUnder({ ...facts, linger: 'yes\n', manager: false }).kind).toBe('doomed')
})

test('else the user is told what would help', () => {
  expect(survivalUnder(facts)).toEqual({ kind: 'doomed', warning: expect.stringContaining('enable-linger') })
  expect(survivalUnder({ ...facts, linger: null }).kind).toBe('doomed')
})

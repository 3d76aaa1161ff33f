import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identify } from '../process/identity.ts'
import { takeAskLock } from './ask-lock.ts'

const self = identify(process.pid) ?? expect.unreachable()
const dead = { ...self, start: '1' }
let dir = ''
let lock = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lock '))
  lock = join(dir, 'a.lock')
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

test('one holds it, until it lets go', () => {
  const letGo = takeAskLock(lock, self, 50, 10)
  expect(letGo).not.toBeNull()
  expect(takeAskLock(lock, self, 50, 11)).toBeNull()
  letGo?.()
  expect(readdirSync(dir)).toEqual([])
  expect(takeAskLock(lock, self, 50, 12)).not.toBeNull()
})

test('one that died holds nobody up', () => {
  takeAskLock(lock, dead, 50, 10)
  const letGo = takeAskLock(lock, self, 50, 11)
  expect(letGo).not.toBeNull()
  expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject(self)
  letGo?.()
  expect(readdirSync(dir)).toEqual([])
})

test('one that stands still is waited for until its time is over, and does not take the next one’s lock away', () => {
  const stuck = takeAskLock(lock, self, 50, 10)
  expect(takeAskLock(lock, self, 90, 49)).toBeNull()
  expect(takeAskLock(lock, self, 90, 50)).not.toBeNull()
  stuck?.()
  expect(existsSync(lock)).toBe(true)
})

test('a lock that is none is taken away', () => {
  writeFileSync(lock, 'null')
  expect(takeAskLock(lock, self, 50, 10)).not.toBeNull()
})

test('where no lock can be made, each asks', () => {
  expect(takeAskLock(join(dir, 'none', 'a.lock'), self, 50, 10)).not.toBeNull()
})

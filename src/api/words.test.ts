import { expect, test } from 'vitest'
import type { Note } from '../job/note.ts'
import { printable } from './printable.ts'
import { resultLine } from '../cli/result-lines.ts'
import { planFailureWords } from './words-plan.ts'
import { wordsFor } from './words.ts'

const evil = 'e\u001b]0;pwn\u0007\nsave(ok): forged\u009b2J\u202e'
const shown = 'e\\x1b]0;pwn\\x07\\x0asave(ok): forged\\x9b2J\\u202e'

test.each<Note>([
  { kind: 'output-missing', path: evil },
  { kind: 'scheduled', cmd: evil },
  { kind: 'ambiguous-job', job: '7', candidates: ['w1', evil] },
  { kind: 'differs', paths: [evil] },
  { kind: 'symlink-leaves', path: 'p', link: 'l', target: evil },
  { kind: 'unknown-placeholder', text: 't', name: 'n', known: [evil] },
  { kind: 'branch-moved', expected: { ref: evil, commit: null }, found: { ref: 'x', commit: null } },
])('what $kind names cannot steer a terminal or begin a line', (note) => {
  const line = resultLine({ action: 'save', status: 'error', path: evil, message: wordsFor(note) })
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
  expect(line.split(shown).length).toBe(3)
})

test("sbatch's own words keep their lines, and nothing else of a terminal's", () => {
  const words = 'sbatch: error: one\r\nsbatch: error: \u001b[31mtwo\n'
  expect(wordsFor({ kind: 'refused', words, exitCode: 1 })).toBe(
    'sbatch refused: sbatch: error: one\nsbatch: error: \\x1b[31mtwo',
  )
})

test('what git says in several lines becomes one', () => {
  const message = 'error: one\nhint: two\n'
  expect(wordsFor({ kind: 'git-failed', operation: 'add', code: 128, signal: null, message })).toBe(
    'git add failed (exit code 128): error: one; hint: two',
  )
})

test('other text is shown as it is', () => {
  expect(printable('Grüße 𝒳 "a\\b" עברית')).toBe('Grüße 𝒳 "a\\b" עברית')
})

test('denied permission is told of reading and of writing', () => {
  const words = wordsFor({ kind: 'not-stored', path: 'a', why: 'no-permission', message: '' })
  expect(words).toMatch(/may not be read, or the folder it lies in may not be written/)
})

test('a name that is like none says where those that there are can be seen', () => {
  expect(planFailureWords({ kind: 'selection-unknown', name: 'x', at: 0, nearest: null })).toContain(
    '`waybill assets list`',
  )
  expect(planFailureWords({ kind: 'no-such-site', name: 'x', nearest: null })).toContain('`sites`')
  expect(planFailureWords({ kind: 'no-such-site', name: 'x', nearest: 'y' })).toMatch(/; did you mean y\?$/)
})

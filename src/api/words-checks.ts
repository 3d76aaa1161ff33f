import type { CheckFacts, CheckNote, FailedCheck, HeldBackNote } from '../job/note.ts'
import { pieceName } from './piece-name.ts'
import { lackHere } from './words-lack.ts'
import { counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** Words for checks, and for what they, or this machine, hold back. */
export const checkWords = {
  'asset-blocked': ({ asset, keys, checks, upstream }) =>
    `${asset}${keys === 1 ? '' : ` (${counted(keys, 'key')})`} was not run: ${checks.length === 0 ? `${upstream.join(', ')} ${upstream.length === 1 ? 'was' : 'were'} not run either` : `${blockedBy(checks)}; ${makeAgain(checks)}`}`,
  'asset-too-large': ({ asset, keys, lacking }) =>
    `${pieceName(asset, keys)}: this machine has not that: ${lacking.map(lackHere).join('; ')}; nothing was begun; ask for less here (\`sites:\`), or name another site (\`--site\`)`,
  'check-not-passed': (note) => `${checkName(note)} did not pass${because(note)}${consequence(note)}`,
  'check-not-known': (note) =>
    note.condition === null
      ? `${checkName(note)} did not come to its end${because(note)}${consequence(note)}`
      : `${checkName(note)} cannot be judged: ${note.condition.split(' ')[0]} is not available`,
} satisfies Words<CheckNote | HeldBackNote>

/** Which checks stand in the way. */
export function blockedBy(checks: readonly FailedCheck[]): string {
  const named = checks.map(({ asset, check }) => `${check} of ${asset}`)
  return `${named.length === 1 ? 'the check' : 'the checks'} ${named.join(', ')} did not pass`
}

/** How what did not pass is made again: of an asset with keys not all need be. */
export function makeAgain(checks: readonly FailedCheck[]): string {
  const assets = [...new Set(checks.map(({ asset }) => asset))]
  const key = assets.length === 1 && checks[0]?.hasKeys === true ? ' --partition KEY' : ''
  const what = key === '' ? 'that' : 'a key of it'
  return `\`waybill materialize ${assets.join(' ')}${key} --force\` makes ${what} again`
}

function checkName({ asset, check, keys }: CheckFacts): string {
  return `${pieceName(asset, keys)}: the check ${check}`
}

function because({ exitCode, why, condition, value }: CheckFacts): string {
  if (condition !== null) return ` (${value} is what must not be: ${condition})`
  const reasons = [...(exitCode === null ? [] : [`exit code ${exitCode}`]), ...(why === null ? [] : [why])]
  return reasons.length === 0 ? '' : ` (${reasons.join('; ')})`
}

function consequence({ blocking, exitCode, job }: CheckFacts): string {
  const logs = exitCode === null ? '' : `; \`waybill logs ${job}\` has what it printed`
  return blocking ? `${logs}; what is made of it is not made` : logs
}

import type { CheckFacts, FailedCheck, MaterializeNote } from '../job/note.ts'
import { pieceName } from './piece-name.ts'
import { counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** Words for assets while they are made. */
export const materializeWords = {
  'asset-submitted': ({ asset, keys }) => pieceName(asset, keys),
  'asset-failed': ({ asset, keys, states, exception, again }) =>
    `${pieceName(asset, keys)} failed (${exception === null ? states : `${states}; ${exception}`}); ${again ? 'it is tried again' : 'nothing was saved, and its files are left as they are'}`,
  'asset-left-open': ({ asset, keys, job }) =>
    `${pieceName(asset, keys)}: job ${job} stays open; \`waybill finish ${job}\` tells why, and records it when it can`,
  'asset-incomplete': ({ asset, keys }) =>
    `${pieceName(asset, keys)} ended well, but not all that it was to make is there; look at its log, and at its outputs in the definitions`,
  'asset-not-run': ({ asset, keys, upstream }) =>
    `${asset}${keys === 1 ? '' : ` (${counted(keys, 'key')})`} was not run: ${upstream.length === 0 ? 'something failed before; --keep-going runs what does not depend on it' : `${upstream.join(', ')} failed`}`,
  'asset-blocked': ({ asset, keys, checks, upstream }) =>
    `${asset}${keys === 1 ? '' : ` (${counted(keys, 'key')})`} was not run: ${checks.length === 0 ? `${upstream.join(', ')} ${upstream.length === 1 ? 'was' : 'were'} not run either` : `${blockedBy(checks)}; \`waybill materialize ${[...new Set(checks.map((one) => one.asset))].join(' ')} --force\` makes that again`}`,
  'check-not-passed': (note) => `${checkName(note)} did not pass${because(note)}${consequence(note)}`,
  'check-not-known': (note) =>
    note.condition === null
      ? `${checkName(note)} did not come to its end${because(note)}${consequence(note)}`
      : `${checkName(note)} cannot be judged: ${note.condition.split(' ')[0]} is not available`,
} satisfies Words<MaterializeNote>

/** What is said to a person who interrupts `materialize`. */
export const materializeGoesOn =
  'interrupted. Jobs that were submitted go on; the same command goes on with them, and `waybill finish` records them'

/** Which checks stand in the way. */
export function blockedBy(checks: readonly FailedCheck[]): string {
  const named = checks.map(({ asset, check }) => `${check} of ${asset}`)
  return `${named.length === 1 ? 'the check' : 'the checks'} ${named.join(', ')} did not pass`
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

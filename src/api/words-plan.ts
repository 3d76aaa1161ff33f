import type { Block } from '../assets/held-back.ts'
import type { Level } from '../assets/definitions/settings.ts'
import type { PlanFailure } from '../assets/make-plan.ts'
import type { SourceFailure } from '../assets/observe.ts'
import type { StaleUpstream } from '../assets/plan.ts'
import type { Reason } from '../assets/reason.ts'
import type { Words } from './word-table.ts'
import { blockedBy, makeAgain } from './words-checks.ts'
import { safeFacts } from './words.ts'

const shown = '; `waybill assets list` shows those that there are'

const failures: Words<PlanFailure> = {
  'selection-unclosed': ({ at }) => `${place(at)}: this parenthesis is not closed; write ")" where it ends`,
  'selection-unopened': ({ at }) => `${place(at)}: there is no "(" to this ")"; remove it`,
  'selection-ends': () => 'the selection ends where another name is expected; complete it',
  'selection-unexpected': ({ found, at }) =>
    `${place(at)}: "${found}" cannot stand here; a name is expected (\`+model\`, \`tag:paper\`, \`not (a or b)\`)`,
  'selection-no-attribute': ({ found, known, at }) =>
    `${place(at)}: assets have no ${found}:; known are ${known.map((one) => `${one}:`).join(', ')}`,
  'selection-too-deep': ({ at }) =>
    `${place(at)}: more parentheses than any selection needs; write it in parts`,
  'selection-unknown': ({ name, at, nearest }) =>
    `${place(at)}: there is no asset ${name}${meant(nearest, shown)}`,
  'selection-matches-none': ({ pattern, at }) => `${place(at)}: no asset has a name like ${pattern}${shown}`,
  'selection-unknown-value': ({ attribute, value, at, nearest }) =>
    `${place(at)}: no asset has the ${attribute} ${value}${meant(nearest)}`,
  'no-such-key': ({ key, nearest, count, ends }) =>
    ends === null
      ? `there is no key ${key}: there are none yet`
      : `there is no key ${key}${nearest === null ? `; the ${count} keys go from ${ends[0]} to ${ends[1]}` : meant(nearest)}`,
  'range-backwards': ({ from, to }) => `the range ${from}..${to} runs backwards; write ${to}..${from}`,
  'no-partitions': ({ keys }) => `nothing that was selected has partitions, and so no keys (${keys})`,
  'no-such-site': ({ name, nearest }) =>
    `there is no site ${name}${meant(nearest, '; those that there are stand under `sites` in the definitions')}`,
}

/** Why there is no plan, in words. */
export function planFailureWords(failure: PlanFailure): string {
  const words = failures[failure.kind] as (facts: PlanFailure) => string
  return words(safeFacts(failure) as PlanFailure)
}

/** Whether there are words here for a failure. */
export function isPlanFailure(failure: { readonly kind: string }): failure is PlanFailure {
  return Object.hasOwn(failures, failure.kind)
}

const reasons: Words<Reason> = {
  'never-made': () => 'never made',
  'last-failed': ({ commit }) => `its last job failed (${commit.slice(0, 8)})`,
  'outputs-changed': ({ how }) => (how === 'edited' ? 'outputs edited in git' : 'outputs are not in git'),
  'outputs-missing': ({ path }) => `outputs missing on disk (${path})`,
  'code-changed': () => 'code changed',
  'input-changed': ({ paths }) => `input changed${paths.length === 0 ? '' : ` (${listed(paths)})`}`,
  'upstream-changed': ({ upstream }) => `upstream changed (${listed(upstream)})`,
  'upstream-stale': ({ upstream }) => `upstream is made again (${listed(upstream)})`,
  forced: () => 'forced',
}

/** Why keys would be made, in words. */
export function reasonWords(reason: Reason): string {
  const words = reasons[reason.kind] as (facts: Reason) => string
  return words(safeFacts(reason) as Reason)
}

const blocks: Words<Block> = {
  'check-failed': ({ checks }) => `blocked: ${blockedBy(checks)}; ${makeAgain(checks)}`,
  'upstream-blocked': ({ upstream }) => `blocked, as what it is made of (${listed(upstream)})`,
}

/** Why keys would not be made, in words. */
export function blockWords(block: Block): string {
  const words = blocks[block.kind] as (facts: Block) => string
  return words(safeFacts(block) as Block)
}

/** The reasons without their facts, for a table. */
export const reasonNames: { readonly [Kind in Reason['kind']]: string } = {
  'never-made': 'never made',
  'last-failed': 'last job failed',
  'outputs-changed': 'outputs changed in git',
  'outputs-missing': 'outputs missing on disk',
  'code-changed': 'code changed',
  'input-changed': 'input changed',
  'upstream-changed': 'upstream changed',
  'upstream-stale': 'upstream is made again',
  forced: 'forced',
}

/** What was not chosen and is not fresh, in words. */
export function staleUpstreamWords(note: StaleUpstream): string {
  const { name, neededBy } = safeFacts(note) as StaleUpstream
  return `${name} is not fresh and was not selected; ${neededBy} is judged by what there is of it (\`+${neededBy}\` selects both)`
}

/** Why the state of an external source is not known, in words. */
export function sourceFailureWords(failure: SourceFailure): string {
  const { code, words } = failure
  // What the command said may be long: here it is one line.
  const { detail } = safeFacts({ detail: words }) as { readonly detail: string }
  const how = code === 0 ? 'printed nothing' : code === null ? 'was killed' : `ended with exit code ${code}`
  return `its observe command ${how}${detail === '' ? '' : `: ${detail}`}; what is made of it is judged without it`
}

/** Who said a value, in words. */
export function levelWords(level: Level): string {
  switch (level.kind) {
    case 'site':
      return `site ${level.site}`
    case 'asset':
      return 'asset'
    case 'asset-at-site':
      return `asset, for site ${level.site}`
    case 'asset-for-key':
      return `asset, for key ${level.key}`
    case 'run':
      return 'this run'
  }
}

/** Positions are counted from 1 for people. */
function place(at: number): string {
  return `selection, character ${at + 1}`
}

/** The name that was most likely meant; where none is near, what else to do. */
function meant(nearest: string | null, otherwise = ''): string {
  return nearest === null ? otherwise : `; did you mean ${nearest}?`
}

/** The first few of a list. */
function listed(names: readonly string[]): string {
  const most = 3
  const more = names.length - most
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

import { failedKeys, failedUpstream, hasBlockingChecks, type Block, type FailedKeys } from './held-back.ts'
import type { KeyRange } from './definitions/select-keys.ts'
import type { FailedCheck } from '../job/note.ts'
import type { KeyMap } from './key-map.ts'
import type { AssetView } from './look.ts'
import { ownReason, type Reason } from './reason.ts'
import { pieceAt, type PieceId } from './run/book.ts'

/** Keys that would be made for one reason. */
export interface StaleKeys {
  readonly reason: Reason
  /** Places of keys, in order; of an asset without keys: 0 to 0. */
  readonly ranges: readonly KeyRange[]
  readonly count: number
}

/** Keys that an open job makes. */
export interface KeysInJob extends Omit<StaleKeys, 'reason'> {
  /** What people call the job. */
  readonly job: string
}

/** Keys that are not fresh, and are not made all the same. */
export interface BlockedKeys extends Omit<StaleKeys, 'reason'> {
  readonly reason: Block
}

/** What would become of one asset. */
export interface PlannedAsset {
  readonly name: string
  /** How many keys were chosen; an asset without keys counts as one. */
  readonly chosen: number
  /** What would be made; empty: all is fresh. In the order of its first keys. */
  readonly stale: readonly StaleKeys[]
  readonly blocked: readonly BlockedKeys[]
  /** What open jobs make already, and so would not be made. */
  readonly making: readonly KeysInJob[]
  /** How many of the chosen keys are fresh. */
  readonly fresh: number
}

/** What was not chosen and is not fresh, though something that was chosen is made of it. */
export interface StaleUpstream {
  readonly name: string
  readonly neededBy: string
}

/** What would run. */
export interface Plan {
  /** The chosen assets, each behind those that it needs. */
  readonly assets: readonly PlannedAsset[]
  readonly notes: readonly StaleUpstream[]
}

/** What was chosen: assets, and of each the keys (null: all). */
export interface Choice {
  readonly assets: ReadonlyMap<string, readonly KeyRange[] | null>
  /** What is fresh is made again, too. */
  readonly force: boolean
  /** Keys that open jobs make, chosen or not, and what people call the job. */
  readonly making?: ReadonlyMap<PieceId, string>
}

/** What is known of one asset while the plan is made, by the places of its keys. */
interface Marks {
  /** They will be made. */
  readonly runs: Uint8Array
  /** They are not fresh, and will not be made. */
  readonly stays: Uint8Array
  /** They are not fresh, and something upstream holds them back. */
  readonly blocked: Uint8Array
  /** They hold back what is made of them, and will not be made. */
  readonly failed: FailedKeys
  readonly any: { readonly [Which in Mark]: boolean }
}

type Mark = 'runs' | 'stays' | 'blocked'

/**
 * Tells for each chosen key whether it is fresh, and if not why. `views` are in an order in which each stands behind those
 * that it needs, and hold all that lies upstream of what was chosen. What is fresh never runs again.
 */
export function planOf(views: ReadonlyMap<string, AssetView>, choice: Choice): Plan {
  const marks = new Map<string, Marks>()
  const assets: PlannedAsset[] = []
  const notes: StaleUpstream[] = []
  const anyMade = choice.making !== undefined && choice.making.size > 0
  for (const [name, view] of views) {
    const { count } = view.space
    const ranges = choice.assets.get(name)
    if (!anyMade && !choice.force && (ranges ?? null) === null && isAllFresh(view, marks)) {
      if (ranges !== undefined) assets.push({ ...allFresh, name, chosen: count, fresh: count })
      if (hasBlockingChecks(view))
        marks.set(
          name,
          unmarked(
            count,
            failedKeys(view, () => false),
          ),
        )
      continue
    }
    const isChosen = ranges === undefined ? () => false : within(ranges, count)
    const runs = new Uint8Array(count)
    const stays = new Uint8Array(count)
    const blocked = new Uint8Array(count)
    const rerun = upstreamTest(view, marks, 'runs')
    const old = upstreamTest(view, marks, 'stays')
    const blockedBefore = upstreamTest(view, marks, 'blocked')
    const failedBefore = failedUpstream(view, (other) => marks.get(other)?.failed)
    const groups = new Groups<Reason>(groupName)
    const heldBack = new Groups<Block>(JSON.stringify)
    const inJobs = new Groups<string>((job) => job)
    const noted = new Set<string>()
    let chosen = 0
    let fresh = 0
    for (let i = 0; i < count; i++) {
      const picked = isChosen(i)
      const job = anyMade ? choice.making?.get(pieceAt(view, i)) : undefined
      if (job !== undefined) {
        runs[i] = 1
        if (!picked) continue
        chosen++
        inJobs.add(i, job)
        continue
      }
      const before = rerun(i)
      const outdated = old(i)
      const own = ownReason(view, i)
      if (!picked) {
        if (own !== null || before.length > 0 || outdated.length > 0) stays[i] = 1
        continue
      }
      chosen++
      for (const upstream of outdated) noted.add(upstream)
      const behind = blockedBefore(i)
      const again = behind.length === 0 ? before : [...new Set([...before, ...behind])]
      const reason: Reason | null =
        own ??
        (again.length > 0
          ? { kind: 'upstream-stale', upstream: again }
          : choice.force
            ? { kind: 'forced' }
            : null)
      const block = reason === null ? null : blockOf(failedBefore(i), behind)
      if (reason === null) fresh++
      else if (block !== null) {
        blocked[i] = 1
        heldBack.add(i, block)
      } else {
        runs[i] = 1
        groups.add(i, reason)
      }
    }
    const any = { runs: runs.includes(1), stays: stays.includes(1), blocked: blocked.includes(1) }
    const failed = failedKeys(view, (i) => runs[i] === 1)
    marks.set(name, { runs, stays, blocked, failed, any })
    if (ranges !== undefined)
      assets.push({
        name,
        chosen,
        stale: groups.all().map(({ of, ...keys }) => ({ reason: of, ...keys })),
        blocked: heldBack.all().map(({ of, ...keys }) => ({ reason: of, ...keys })),
        making: inJobs.all().map(({ of, ...keys }) => ({ job: of, ...keys })),
        fresh,
      })
    for (const upstream of noted) notes.push({ name: upstream, neededBy: name })
  }
  return { assets, notes }
}

const allFresh = { stale: [], blocked: [], making: [] } as const

/** Whether nothing is to be said of any key: mostly so, and found out without noting anything. */
function isAllFresh(view: AssetView, marks: ReadonlyMap<string, Marks>): boolean {
  for (const upstream of view.maps.keys()) {
    const of = marks.get(upstream)
    if (of !== undefined && (of.any.runs || of.any.stays || of.any.blocked)) return false
  }
  for (let i = 0; i < view.space.count; i++) if (ownReason(view, i) !== null) return false
  return true
}

function unmarked(count: number, failed: FailedKeys): Marks {
  const bits = new Uint8Array(count)
  return {
    runs: bits,
    stays: bits,
    blocked: bits,
    failed,
    any: { runs: false, stays: false, blocked: false },
  }
}

function blockOf(checks: readonly FailedCheck[], upstream: readonly string[]): Block | null {
  if (checks.length > 0) return { kind: 'check-failed', checks }
  return upstream.length > 0 ? { kind: 'upstream-blocked', upstream } : null
}

const none: readonly string[] = []

/** Tells which assets upstream of a key have keys so marked that it is made of. Each group of keys is looked at once. */
function upstreamTest(
  { maps }: AssetView,
  marks: ReadonlyMap<string, Marks>,
  which: Mark,
): (index: number) => readonly string[] {
  const marked = [...maps].flatMap(([name, map]) => {
    const of = marks.get(name)
    return of?.any[which] !== true ? [] : [{ name, map, test: groupTest(map, of[which]) }]
  })
  if (marked.length === 0) return () => none
  return (index) => marked.filter(({ map, test }) => test(map.groupOf(index))).map(({ name }) => name)
}

function groupTest(map: KeyMap, bits: Uint8Array): (group: number) => boolean {
  const known: (boolean | undefined)[] = []
  return (group) => {
    if (group < 0) return false
    const before = known[group]
    if (before !== undefined) return before
    let found = false
    for (const at of map.upstreamOf(group)) found ||= bits[at] === 1
    known[group] = found
    return found
  }
}

/** Gathers places, which come in order, by what they have in common. */
class Groups<Of> {
  readonly #groups = new Map<string, { readonly of: Of; readonly ranges: KeyRange[]; count: number }>()
  readonly #nameOf: (of: Of) => string

  constructor(nameOf: (of: Of) => string) {
    this.#nameOf = nameOf
  }

  add(index: number, of: Of): void {
    const name = this.#nameOf(of)
    const group = this.#groups.get(name) ?? { of, ranges: [], count: 0 }
    this.#groups.set(name, group)
    group.count++
    const last = group.ranges.at(-1)
    if (last?.to === index - 1) group.ranges[group.ranges.length - 1] = { from: last.from, to: index }
    else group.ranges.push({ from: index, to: index })
  }

  all(): readonly { readonly of: Of; readonly ranges: readonly KeyRange[]; readonly count: number }[] {
    return [...this.#groups.values()]
  }
}

/** Reasons of one name are told together: a thousand keys may lack a thousand files. */
function groupName(reason: Reason): string {
  switch (reason.kind) {
    case 'outputs-changed':
      return `${reason.kind} ${reason.how}`
    case 'upstream-changed':
    case 'upstream-stale':
      return `${reason.kind} ${reason.upstream.join(' ')}`
    case 'never-made':
    case 'last-failed':
    case 'outputs-missing':
    case 'code-changed':
    case 'input-changed':
    case 'forced':
      return reason.kind
  }
}

function within(ranges: readonly KeyRange[] | null, count: number): (index: number) => boolean {
  if (ranges === null) return () => true
  const chosen = new Uint8Array(count)
  for (const { from, to } of ranges) chosen.fill(1, from, to + 1)
  return (index) => chosen[index] === 1
}

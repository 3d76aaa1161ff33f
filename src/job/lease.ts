import type { ProcessIdentity } from '../contract/scheduler.ts'
import { LedgerBroken } from '../ledger/broken.ts'
import { liveness } from '../process/identity.ts'
import type { Context } from './context.ts'

/** How long a lease holds without a heartbeat, for owners on another host; and how often it is renewed. Seconds. */
const holds = 120
const renews = 30

/** The lease under which records are made and jobs are given up: one process at a time. */
export const finishLease = 'finish'

/** The lease under which files are put into alternative directories, or taken away there. */
export const altDirLease = 'alt-dir'

/**
 * Who did this work has slept for longer than its lease holds (a closed laptop), and another has taken it meanwhile: what is
 * known here is of the past.
 */
export class LeaseLost extends Error {
  readonly lease: string
  constructor(lease: string) {
    super(`the lease "${lease}" is another's by now`)
    this.lease = lease
  }
}

/** Throws LeaseLost where the lease that work is done under is no longer ours. In a transaction it stays so until its end. */
export function checkLease(context: Context): void {
  const { lease, ledger } = context
  if (lease !== undefined && !ledger.holdsLease(lease, leaseOwner(context))) throw new LeaseLost(lease)
}

/** Leases that calls of this very process hold: the ledger tells processes apart, not the calls of one. */
const heldHere = new Set<string>()

/** How a lease names its holder. */
export function leaseOwner(context: Context): string {
  return JSON.stringify(context.self)
}

/** Runs `work` as the only holder of the named lease, waiting for another holder to end. */
export async function withLease<T>(context: Context, name: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const taken = await tryLease(context, name, work)
    if (taken.held) return taken.value
    const kind = name === altDirLease ? 'waiting-for-copies' : 'waiting-for-finish'
    context.progress({ kind, holder: taken.owner })
    await context.sleep(0.2)
  }
}

/** Runs `work` when nobody else holds the lease, and says who does otherwise; also where that has come to be meanwhile. */
export async function tryLease<T>(
  context: Context,
  name: string,
  work: () => Promise<T>,
): Promise<{ readonly held: true; readonly value: T } | { readonly held: false; readonly owner: string }> {
  const owner = leaseOwner(context)
  const here = `${name} ${owner} ${context.ledger.path}`
  if (heldHere.has(here)) return { held: false, owner: describeOwner(owner) }
  // After a power failure no holder is alive: what is lost of leases then is lost with them.
  const taken = context.ledger.unforced(() =>
    context.ledger.takeLease(name, owner, context.now(), context.now() + holds, standing),
  )
  if (!taken.held) return { held: false, owner: describeOwner(taken.owner) }
  heldHere.add(here)
  const heartbeat = setInterval(() => renew(context, name, owner), renews * 1000)
  heartbeat.unref()
  try {
    return { held: true, value: await work() }
  } catch (error) {
    if (!(error instanceof LeaseLost && error.lease === name)) throw error
    return { held: false, owner: describeOwner(context.ledger.leaseHolder(name)?.owner ?? owner) }
  } finally {
    clearInterval(heartbeat)
    heldHere.delete(here)
    context.ledger.unforced(() => context.ledger.dropLease(name, owner))
  }
}

/**
 * A beat that fails (a full disk) must not end the work it stands for: other hosts wait for several, and whether the lease
 * is still ours is asked again before anything is moved.
 */
function renew({ ledger, now }: Context, name: string, owner: string): void {
  try {
    ledger.unforced(() => ledger.renewLease(name, owner, now() + holds))
  } catch (error) {
    if (!(error instanceof LedgerBroken)) throw error
  }
}

/** Whether somebody holds the named lease, as far as can be told from here: that very owner, where one is given. */
export function isHeld(context: Context, name: string, by: ProcessIdentity | null = null): boolean {
  const holder = context.ledger.leaseHolder(name)
  if (holder === null || (by !== null && holder.owner !== JSON.stringify(by))) return false
  const known = standing(holder.owner)
  return known === 'alive' || (known === 'elsewhere' && holder.expires > context.now())
}

function standing(owner: string): 'alive' | 'dead' | 'elsewhere' {
  return liveness(JSON.parse(owner) as ProcessIdentity)
}

function describeOwner(owner: string): string {
  const { pid, host } = JSON.parse(owner) as ProcessIdentity
  return `process ${pid} on ${host}`
}

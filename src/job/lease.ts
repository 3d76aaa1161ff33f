import type { ProcessIdentity } from '../contract/scheduler.ts'
import { liveness } from '../process/identity.ts'
import type { Context } from './context.ts'

/** How long a lease holds without a heartbeat, for owners on another host; and how often it is renewed. Seconds. */
const holds = 120
const renews = 30

/** Runs `work` as the only holder of the named lease, waiting for another holder to end. */
export async function withLease<T>(context: Context, name: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const taken = await tryLease(context, name, work)
    if (taken.held) return taken.value
    context.progress({ kind: 'waiting-for-finish', holder: taken.owner })
    await context.sleep(0.2)
  }
}

/** Runs `work` when nobody else holds the lease, and says who does otherwise. */
export async function tryLease<T>(
  context: Context,
  name: string,
  work: () => Promise<T>,
): Promise<{ readonly held: true; readonly value: T } | { readonly held: false; readonly owner: string }> {
  const owner = JSON.stringify(context.self)
  const take = (): ReturnType<Context['ledger']['takeLease']> =>
    context.ledger.takeLease(name, owner, context.now(), context.now() + holds, standing)
  const taken = take()
  if (!taken.held) return { held: false, owner: describeOwner(taken.owner) }
  const heartbeat = setInterval(take, renews * 1000)
  heartbeat.unref()
  try {
    return { held: true, value: await work() }
  } finally {
    clearInterval(heartbeat)
    context.ledger.dropLease(name, owner)
  }
}

function standing(owner: string): 'alive' | 'dead' | 'elsewhere' {
  return liveness(JSON.parse(owner) as ProcessIdentity)
}

function describeOwner(owner: string): string {
  const { pid, host } = JSON.parse(owner) as ProcessIdentity
  return `process ${pid} on ${host}`
}

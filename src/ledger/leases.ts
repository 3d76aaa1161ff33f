import type { DatabaseSync } from 'node:sqlite'
import type { EpochSeconds } from '../contract/ids.ts'

/** A wish for a lease. `standing` says what this host can tell of an owner. */
interface LeaseWish {
  readonly name: string
  readonly owner: string
  readonly now: EpochSeconds
  readonly expires: EpochSeconds
  readonly standing: (owner: string) => 'alive' | 'dead' | 'elsewhere'
}

/** Takes a lease, or says who holds it. Call inside a transaction. */
export function takeLease(
  db: DatabaseSync,
  { name, owner, now, expires, standing }: LeaseWish,
): { readonly held: true } | { readonly held: false; readonly owner: string } {
  const row = db.prepare('SELECT owner, expires FROM leases WHERE name = ?').get(name)
  if (row !== undefined) {
    const holder = String(row['owner'])
    const known = holder === owner ? 'dead' : standing(holder)
    const runsOn = known === 'elsewhere' && Number(row['expires']) > now
    if (known === 'alive' || runsOn) return { held: false, owner: holder }
  }
  db.prepare('INSERT OR REPLACE INTO leases (name, owner, expires) VALUES (?, ?, ?)').run(
    name,
    owner,
    expires,
  )
  return { held: true }
}

/** Lets a lease last until `expires`, where it is still this owner's. */
export function renewLease(db: DatabaseSync, name: string, owner: string, expires: EpochSeconds): void {
  db.prepare('UPDATE leases SET expires = ? WHERE name = ? AND owner = ?').run(expires, name, owner)
}

/** Whether the lease is (still) this owner's. */
export function holdsLease(db: DatabaseSync, name: string, owner: string): boolean {
  return db.prepare('SELECT 1 FROM leases WHERE name = ? AND owner = ?').get(name, owner) !== undefined
}

/** Who holds the lease, and until when without another beat; or null. */
export function leaseHolder(
  db: DatabaseSync,
  name: string,
): { readonly owner: string; readonly expires: EpochSeconds } | null {
  const row = db.prepare('SELECT owner, expires FROM leases WHERE name = ?').get(name)
  return row === undefined ? null : { owner: String(row['owner']), expires: Number(row['expires']) }
}

/** Gives the lease back, where it is still this owner's. */
export function dropLease(db: DatabaseSync, name: string, owner: string): void {
  db.prepare('DELETE FROM leases WHERE name = ? AND owner = ?').run(name, owner)
}

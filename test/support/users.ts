import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { demand } from '../../dev/setup/command.ts'

/** An account of this machine under which scenarios run. */
export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Who runs a command of a scenario: the ordinary user, a second one of the same group, or root. */
export type Role = 'user' | 'peer' | 'root'

/** The group that `user` and `peer` have in common. */
export const sharedGroup = 'waybill-group'

const names: Readonly<Record<Role, string>> = { user: 'waybill-test', peer: 'waybill-peer', root: 'root' }

/** True when we are root and so can act as each role; otherwise we are `user` ourselves, and nobody else. */
export function canSwitch(): boolean {
  return process.getuid?.() === 0
}

/** Makes the ordinary users and their group when we are root and they are absent. */
export function ensureUsers(): void {
  if (!canSwitch()) return
  if (!readFileSync('/etc/group', 'utf8').includes(`\n${sharedGroup}:`)) demand('groupadd', [sharedGroup])
  for (const role of ['user', 'peer'] as const) {
    if (lookUp(names[role]) !== undefined) continue
    demand('useradd', ['--create-home', '--shell', '/bin/bash', '--groups', sharedGroup, names[role]])
  }
}

/** The account behind a role; an error for a role we cannot take, or before `ensureUsers`. */
export function accountOf(role: Role): User {
  if (!canSwitch()) {
    if (role !== 'user') throw new Error(`only root can run commands as ${role}`)
    const { username, uid, gid } = userInfo()
    return { name: username, uid, gid }
  }
  const user = lookUp(names[role])
  if (user === undefined) throw new Error(`there is no user ${names[role]}; ensureUsers makes it`)
  return user
}

function lookUp(name: string): User | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`))
  if (line === undefined) return undefined
  const [, , uid, gid] = line.split(':')
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** The words that go before a command so that it runs as this role, with its groups, and keeps its pid. */
export function asRole(role: Role): readonly string[] {
  if (!canSwitch()) {
    accountOf(role)
    return []
  }
  const { name, gid } = accountOf(role)
  return ['setpriv', `--reuid=${name}`, `--regid=${gid}`, '--init-groups', '--']
}

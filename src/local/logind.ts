import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CannotStart, run } from '../process/run.ts'

/** How background processes are started so that they outlive the user's last session here. */
export type Survival =
  /** Nothing ends them. */
  | { readonly kind: 'plain' }
  /** Within the user's own service manager, which stays. */
  | { readonly kind: 'scope' }
  /** They will be ended; `warning` tells the user how to prevent it. */
  | { readonly kind: 'doomed'; readonly warning: string }

/** What logind says; null where it did not answer. */
export interface LogindFacts {
  readonly user: string
  /** Three lines for KillUserProcesses, KillExcludeUsers, KillOnlyUsers (logind.conf(5)), as `busctl get-property` prints. */
  readonly policy: string | null
  /** `yes` or `no`, as `loginctl show-user --property=Linger --value` prints. */
  readonly linger: string | null
  /** Whether the user's own service manager runs. */
  readonly manager: boolean
}

/** Decides from logind's words. Pure. Silence is no threat: without a policy nothing is killed. */
export function survivalUnder(facts: LogindFacts): Survival {
  const [kills = '', excluded = '', only = ''] = (facts.policy ?? '').split('\n')
  if (kills.trim() !== 'b true') return { kind: 'plain' }
  const named = (list: string): readonly string[] =>
    [...list.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '')
  if (named(excluded).includes(facts.user)) return { kind: 'plain' }
  if (named(only).length > 0 && !named(only).includes(facts.user)) return { kind: 'plain' }
  if (facts.linger?.trim() === 'yes' && facts.manager) return { kind: 'scope' }
  return {
    kind: 'doomed',
    warning:
      'this machine ends all your processes when you log out (logind: KillUserProcesses=yes), this job included; ' +
      '`loginctl enable-linger` before the next `waybill schedule` lets jobs go on',
  }
}

/** Asks logind how background processes fare here; without systemd the answer is known. */
export async function askLogind(
  user: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Survival> {
  if (!existsSync('/run/systemd/system')) return { kind: 'plain' }
  const manager = 'org.freedesktop.login1.Manager'
  const properties = ['KillUserProcesses', 'KillExcludeUsers', 'KillOnlyUsers']
  const policy = await answer(
    'busctl',
    ['get-property', 'org.freedesktop.login1', '/org/freedesktop/login1', manager, ...properties],
    env,
  )
  if (policy === null || !policy.startsWith('b true')) return { kind: 'plain' }
  const linger = await answer('loginctl', ['show-user', user, '--property=Linger', '--value'], env)
  const runtime = env['XDG_RUNTIME_DIR']
  const running = runtime !== undefined && existsSync(join(runtime, 'systemd', 'private'))
  return survivalUnder({ user, policy, linger, manager: running })
}

async function answer(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  try {
    const asked = await run(program, args, { env: { ...env, LC_ALL: 'C' }, timeoutMs: 2000 })
    return asked.code === 0 ? asked.stdout.toString() : null
  } catch (error) {
    if (error instanceof CannotStart) return null
    throw error
  }
}

import { closeSync, openSync, readSync, realpathSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { callback, checkArgument, checkOptions, text } from './api/check-options.ts'
import { definedOnly, variables } from './api/environment.ts'
import { handleOf, type OpenDataset } from './api/open-dataset.ts'
import { errorOf, withWords } from './api/waybill-error.ts'
import type { JobToken } from './contract/ids.ts'
import { locate } from './dataset/locate.ts'
import type { Context, LandingPlan } from './job/context.ts'
import type { Evidence } from './job/evidence.ts'
import type { JobSpec } from './job/spec.ts'
import { Ledger } from './ledger/ledger.ts'
import { machineCapacity } from './local/capacity.ts'
import { localScheduler } from './local/local.ts'
import { identify } from './process/identity.ts'
import { installFiles } from './process/install-files.ts'
import { runtimeFolder } from './slurm/runtime-folder.ts'
import { slurmScheduler } from './slurm/slurm.ts'

/** What `openDataset` may be told. */
export interface OpenOptions {
  /** The directory that relative paths start from and that jobs are submitted in; default: `path`. */
  readonly cwd?: string | undefined
  /** The environment of all programs that are started; default: this process's. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Called with a warning in words about the ledger's place; default: it is not told. */
  readonly onWarning?: ((words: string) => void) | undefined
}

/**
 * Opens the dataset that `path` lies in, and its ledger: the place where the rooms meet, and where clock, environment and
 * randomness come in. `critical` keeps signals out of work that must not be cut in two; `found` is the answer of `locate`
 * where that was asked already.
 * @throws WaybillError when there is no dataset, or nothing to keep a ledger in; TypeError for options that cannot be.
 */
export async function openDataset(
  path = '.',
  options: OpenOptions = {},
  critical: Context['critical'] = async (work) => work(),
  found: ReturnType<typeof locate> | null = null,
): Promise<OpenDataset> {
  checkArgument('openDataset', 'the path', path, text)
  checkOptions('openDataset', options, { cwd: text, env: variables, onWarning: callback })
  const env = options.env ?? definedOnly(process.env)
  return withWords(async () => {
    const located = await (found ?? locate(path, env))
    if (!located.ok) throw errorOf(located.failure)
    const dataset = located.value
    const folder = join(dataset.commonDir, 'waybill')
    const ledger = new Ledger<JobSpec, Evidence, LandingPlan>({ folder, shared: dataset.shared })
    if (ledger.warning !== null) options.onWarning?.(ledger.warning)
    const self = identify(process.pid)
    if (self === null) throw new Error('this process is not in /proc')
    const now = (): number => Date.now() / 1000
    const { username: user, uid } = userInfo()
    const sleep = async (seconds: number): Promise<void> =>
      new Promise((wake) => setTimeout(wake, seconds * 1000))
    const sharing = {
      folder: () =>
        runtimeFolder({ runtimeDir: env['XDG_RUNTIME_DIR'], tmpDir: env['TMPDIR'] || '/tmp', uid }),
      self,
      sleep,
    }
    let scripts: string | null = null
    return handleOf({
      dataset,
      ledger,
      schedulers: {
        slurm: slurmScheduler({ env, now, user, sharing }),
        local: localScheduler({
          // The scheduler keeps its folder to one user; in a group's clone each member has one.
          folder: join(folder, dataset.shared === null ? 'local' : `local-${uid}`),
          capacity: machineCapacity(env),
          env,
          now,
        }),
      },
      cwd: realpathSync(options.cwd ?? path),
      env,
      user,
      self,
      version: packageJson.version,
      now,
      sleep,
      newToken: () => randomToken() as JobToken,
      payloadScripts: (files) => (scripts ??= installFiles(join(folder, `payloads-${uid}`), files())),
      progress: () => {},
      critical,
    })
  })
}

/** 20 lower-case letters and digits: 100 bits and more. */
function randomToken(): string {
  // The kernel's own source (random(4)): node:crypto costs 4 ms at start-up, and most commands need nothing else of it.
  const bytes = Buffer.alloc(14)
  const source = openSync('/dev/urandom', 'r')
  readSync(source, bytes)
  closeSync(source)
  return BigInt(`0x${bytes.toString('hex')}`)
    .toString(36)
    .padStart(22, '0')
    .slice(-20)
}

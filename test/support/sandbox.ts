import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { inject } from 'vitest'
import { demand } from '../../dev/setup/command.ts'
import { runProgram, type Ran } from './programs.ts'
import { makeRepository, type RepositoryOptions } from './repository.ts'
import type { Runtime } from './runtime.ts'
import { accountOf, canSwitch, sharedGroup, type Role } from './users.ts'

/** How one command of a scenario is run. */
export interface RunOptions {
  /** Relative to the sandbox's folder, which is the default. */
  readonly cwd?: string
  /** Added to the sandbox's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly input?: string | Uint8Array
  /** Gives the outcome whatever it is; otherwise a code other than 0 is an error with the command's words. */
  readonly allowFailure?: boolean
  readonly as?: Role
  /** 50 s unless told. */
  readonly limitMs?: number
}

/** What a sandbox is made with. */
export interface SandboxOptions {
  /** Which git-annex comes first on PATH: Debian's (the default), or the wheel's, with the new datalad. */
  readonly annex?: 'debian' | 'wheel'
  /** A cluster's environment (`cluster.env`) instead of the default cluster's. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * A temporary folder of the ordinary user, with a home, a git identity and a PATH of its own; nothing of the
 * developer's environment gets in. Use `await using box = await Sandbox.create()`, or `dispose` afterwards.
 */
export class Sandbox implements AsyncDisposable {
  /** The absolute folder in which commands run and to which paths are relative. */
  readonly folder: string
  readonly runtime: Runtime
  /** The group that the ordinary user and the peer are both in, for shared clones. */
  readonly group = sharedGroup
  readonly #base: string
  readonly #options: SandboxOptions

  private constructor(base: string, options: SandboxOptions) {
    this.#base = base
    this.#options = options
    this.folder = join(base, 'work')
    this.runtime = inject('runtime')
  }

  /** Makes a sandbox. */
  static async create(options: SandboxOptions = {}): Promise<Sandbox> {
    const base = mkdtempSync(join(tmpdir(), 'waybill-box-'))
    chmodSync(base, 0o755)
    const box = new Sandbox(base, options)
    for (const role of canSwitch() ? (['user', 'peer', 'root'] as const) : (['user'] as const)) {
      box.#own(join(base, `home-${role}`), role)
      const identity =
        '[user]\n\tname = Waybill Test\n\temail = test@example.org\n[init]\n\tdefaultBranch = main\n'
      const config = join(base, `home-${role}`, '.gitconfig')
      writeFileSync(config, `${identity}[protocol "file"]\n\tallow = always\n`)
      const { uid, gid } = accountOf(role)
      chownSync(config, uid, gid)
    }
    box.#own(box.folder, 'user')
    mkdirSync(join(base, 'tmp'))
    chmodSync(join(base, 'tmp'), 0o1777)
    return box
  }

  #own(folder: string, role: Role): void {
    mkdirSync(folder)
    const { uid, gid } = accountOf(role)
    chownSync(folder, uid, gid)
    chmodSync(folder, 0o755)
  }

  /** The environment of every command: nothing but what stands here. */
  environment(role: Role = 'user'): Record<string, string> {
    const home = join(this.#base, `home-${role}`)
    const wheels = this.#options.annex === 'wheel' ? [this.runtime.peersBin] : []
    const { name } = accountOf(role)
    return {
      PATH: [this.runtime.bin, ...wheels, '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(
        ':',
      ),
      HOME: home,
      USER: name,
      LOGNAME: name,
      LANG: 'C.UTF-8',
      TMPDIR: join(this.#base, 'tmp'),
      SLURM_CONF: this.runtime.slurmConf,
      ...this.#options.env,
    }
  }

  /** Runs a command to its end, as the ordinary user unless told. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const role = options.as ?? 'user'
    const env: Record<string, string> = this.environment(role)
    for (const [key, value] of Object.entries(options.env ?? {})) {
      if (value === undefined) delete env[key]
      else env[key] = value
    }
    const ran = await runProgram(command, {
      cwd: this.path(options.cwd ?? '.'),
      env,
      role,
      input: options.input,
      limitMs: options.limitMs ?? 50_000,
    })
    if (ran.code === 0 || options.allowFailure === true) return ran
    throw new Error(`${command.join(' ')} ended with ${ran.code}\n${ran.stdout}${ran.stderr}`)
  }

  /** Runs the built product: `box.waybill(['jobs', '--json'])`. */
  async waybill(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.run(['waybill', ...args], options)
  }

  /** Runs git in a folder and gives its output without the last newline. */
  async git(cwd: string, ...args: readonly string[]): Promise<string> {
    return (await this.run(['git', ...args], { cwd })).stdout.replace(/\n$/, '')
  }

  /** Makes a repository in the folder `name`, by default as a DataLad dataset without waiting for DataLad. */
  async dataset(name: string, options: RepositoryOptions = {}): Promise<string> {
    return makeRepository(this, name, options)
  }

  /** The absolute path of something in the sandbox. */
  path(relative: string): string {
    return resolve(this.folder, relative)
  }

  /** Writes a file as the ordinary user would, with the folders above it. */
  write(relative: string, content: string | Uint8Array, mode = 0o644): string {
    const path = this.path(relative)
    const { uid, gid } = accountOf('user')
    const made = mkdirSync(dirname(path), { recursive: true })
    if (made !== undefined) {
      for (let folder = dirname(path); folder.length >= made.length; folder = dirname(folder)) {
        chownSync(folder, uid, gid)
      }
    }
    writeFileSync(path, content)
    chownSync(path, uid, gid)
    chmodSync(path, mode)
    return path
  }

  /** A file's text. */
  read(relative: string): string {
    return readFileSync(this.path(relative), 'utf8')
  }

  /** True when something is there, also a broken link with `link`. */
  exists(relative: string, what: 'target' | 'link' = 'target'): boolean {
    if (what === 'target') return existsSync(this.path(relative))
    return lstatSync(this.path(relative), { throwIfNoEntry: false }) !== undefined
  }

  /** Removes the folder, whatever git-annex made read-only in it. */
  async dispose(): Promise<void> {
    // Only an ordinary user is stopped by modes; root goes through.
    if (!canSwitch()) demand('chmod', ['-R', 'u+rwX', this.#base])
    rmSync(this.#base, { recursive: true, force: true, maxRetries: 5 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}

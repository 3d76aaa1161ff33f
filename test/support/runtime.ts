import {
  chmodSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the global set-up has made for all scenarios; they read it by `inject('runtime')`. */
export interface Runtime {
  /** Folder with `waybill` and `node`, readable by everyone wherever the checkout lies. */
  readonly bin: string
  /** The built command, dist/waybill.cjs, in a copy beside that folder. */
  readonly entry: string
  /** Folder of the new datalad, datalad-slurm, git-annex and dagster-pipes, from wheels. */
  readonly peersBin: string
  /** The default cluster's slurm.conf. */
  readonly slurmConf: string
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly runtime: Runtime
  }
}

/** The checkout. */
export const checkout = join(import.meta.dirname, '../..')

/** The folder of the built product: `WAYBILL_BUILT`, which says that it is fresh, or the checkout's dist. */
export function builtFolder(): string {
  return process.env['WAYBILL_BUILT'] ?? join(checkout, 'dist')
}

/** Copies what a scenario runs to a folder that everyone can read, laid out as npm installs it. Gives that folder. */
export function publishProduct(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-product-'))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'bin'))
  const node = join(folder, 'bin/node')
  try {
    linkSync(process.execPath, node)
  } catch {
    copyFileSync(process.execPath, node)
    chmodSync(node, 0o755)
  }
  // The executable is no part of the package, and large.
  const executable = join(builtFolder(), 'waybill')
  cpSync(builtFolder(), join(folder, 'dist'), { recursive: true, filter: (path) => path !== executable })
  copyFileSync(join(checkout, 'package.json'), join(folder, 'package.json'))
  chmodSync(join(folder, 'dist/waybill.cjs'), 0o755)
  symlinkSync('../dist/waybill.cjs', join(folder, 'bin/waybill'))
  return folder
}

/** Removes what `publishProduct` made. */
export function removeProduct(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

import { lstatSync, mkdirSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

/** Where a user's processes on this host may meet. */
export interface RuntimePlaces {
  /** `XDG_RUNTIME_DIR`, where it is set. */
  readonly runtimeDir: string | undefined
  /** A folder that everybody may write to, such as `/tmp`. */
  readonly tmpDir: string
  readonly uid: number
}

/**
 * The user's own folder for what their processes share on this host: `waybill` in `XDG_RUNTIME_DIR`, else `waybill-<uid>`
 * where temporary files are. Made where it is absent; null where neither is the user's alone.
 */
export function runtimeFolder({ runtimeDir, tmpDir, uid }: RuntimePlaces): string | null {
  const inRuntimeDir =
    runtimeDir !== undefined && isAbsolute(runtimeDir) && isPrivate(runtimeDir, uid)
      ? ownFolder(join(runtimeDir, 'waybill'), uid)
      : null
  return inRuntimeDir ?? ownFolder(join(tmpDir, `waybill-${uid}`), uid)
}

function ownFolder(path: string, uid: number): string | null {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch {
    // It is there already, or cannot be: the next line tells.
  }
  return isPrivate(path, uid) ? path : null
}

/** A real directory (another's link in /tmp is none), the user's, and closed to all others. */
function isPrivate(path: string, uid: number): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat !== undefined && stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0
}

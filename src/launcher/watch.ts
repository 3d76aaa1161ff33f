import { statSync, watch, type FSWatcher } from 'node:fs'
import { isGone, markersFolder, namesIn, parseMarkerName, type MarkerName } from './markers.ts'

/** Seconds between two looks at the folder while nothing changes there: the first, by how much it grows, the longest. */
const spacing = { first: 1, growth: 1.5, longest: 30 } as const

/**
 * Tells of markers as they appear in a job's folder, each once, until `signal` aborts; then it resolves. Those that are
 * there already come first. inotify(7) tells at once of what this host writes; on a network file system it says nothing
 * of what another one wrote, so the folder is looked at as well, ever more seldom while nothing comes. `sleep` takes
 * seconds and may end early when `signal` aborts.
 */
export async function watchMarkers(
  folder: string,
  onMarkers: (markers: readonly MarkerName[]) => void,
  { sleep, signal }: { readonly sleep: (seconds: number) => Promise<void>; readonly signal: AbortSignal },
): Promise<void> {
  const path = markersFolder(folder)
  const told = new Set<string>()
  const tell = (names: readonly string[]): boolean => {
    const fresh = names.flatMap((name) => {
      const marker = told.has(name) ? null : parseMarkerName(name)
      if (marker === null) return []
      told.add(name)
      return [marker]
    })
    if (fresh.length > 0) onMarkers(fresh)
    return fresh.length > 0
  }
  // The watch before the first look: nothing can come between them.
  const watcher = tryWatch(path, (name) => tell([name]))
  let seen: number | null = null
  let settled = false
  let wait: number = spacing.first
  try {
    while (!signal.aborted) {
      const now = changeTime(path)
      // What came within the same tick of the file system's clock shows at the look after the next.
      const came = now !== null && !(now === seen && settled) && tell(namesIn(path))
      settled = now === seen
      seen = now
      wait = came ? spacing.first : Math.min(wait * spacing.growth, spacing.longest)
      await sleep(wait)
    }
  } finally {
    watcher?.close()
  }
}

// No watch is to be had on some file systems, or when a limit of the machine's is reached: looking is enough.
function tryWatch(path: string, tell: (name: string) => void): FSWatcher | null {
  try {
    const watcher = watch(path, { persistent: false }, (_, name) => {
      if (name !== null) tell(name)
    })
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}

function changeTime(path: string): number | null {
  try {
    return statSync(path).mtimeMs
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

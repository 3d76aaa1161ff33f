import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { mayMeet } from '../../ledger/path-pattern.ts'
import type { Asset } from './definitions.ts'
import type { Report } from './local-report.ts'
import type { ValuePath } from './problem.ts'
import type { PathPlace } from './read-paths.ts'
import type { RunSpec } from './run-spec.ts'

/** Reports scripts that are named from the folder of the definitions and are not there, unless an asset makes them. */
export function checkScripts(
  assets: ReadonlyMap<string, Asset>,
  { root, prefix }: PathPlace,
  report: Report,
): void {
  const isMade = (path: string): boolean =>
    [...assets.values()].some((asset) =>
      asset.outputs.some(({ parts }) =>
        mayMeet(parts.map((part) => (typeof part === 'string' ? part : '*')).join(''), path),
      ),
    )
  const seen = new Map<string, 'absent' | 'folder' | null>()
  const look = (run: RunSpec, path: ValuePath): void => {
    const script = scriptOf(run)
    if (script === null) return
    const known = seen.get(script.file)
    const why = known === undefined ? state(resolve(root, prefix, script.file)) : known
    seen.set(script.file, why)
    if (why === null) return
    const relative = resolve('/', prefix, script.file).slice(1)
    if (isMade(relative)) return
    report({ kind: 'missing-script', file: script.file, why }, [...path, ...script.path])
  }
  for (const { name, run, checks } of assets.values()) {
    look(run, ['assets', name, 'run'])
    for (const check of checks) {
      if (check.kind === 'run') look(check.run, ['assets', name, 'checks', check.name, 'run'])
    }
  }
}

/** The scripts that are looked for of an asset, as it and its checks name them. */
export function scriptsOf({ run, checks }: Pick<Asset, 'run' | 'checks'>): readonly string[] {
  const runs = [run, ...checks.flatMap((check) => (check.kind === 'run' ? [check.run] : []))]
  return runs.flatMap((one) => scriptOf(one)?.file ?? [])
}

/** A shell line that is nothing but an interpreter and its script. */
const scriptLine = /^\s*(?:bash|sh|python3?|Rscript|julia)\s+([\w.][\w./-]*\.(?:sh|bash|py|R|jl))(?:\s|$)/

function scriptOf(run: RunSpec): { readonly file: string; readonly path: ValuePath } | null {
  switch (run.kind) {
    case 'bash':
    case 'python':
      // What is named from the root may be there on the nodes alone.
      return run.file.startsWith('/') ? null : { file: run.file, path: [run.kind] }
    case 'exec': {
      const first = run.words[0]
      if (first === undefined || first.parts.length !== 1 || typeof first.parts[0] !== 'string') return null
      const [file] = first.parts
      return file.includes('/') && !file.startsWith('/') ? { file, path: ['exec', 0] } : null
    }
    case 'shell': {
      const file = scriptLine.exec(run.line.text)?.[1]
      return file === undefined ? null : { file, path: [] }
    }
  }
}

function state(path: string): 'absent' | 'folder' | null {
  try {
    return statSync(path).isDirectory() ? 'folder' : null
  } catch {
    return 'absent'
  }
}

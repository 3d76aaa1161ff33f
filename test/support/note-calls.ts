import type { Sandbox } from './sandbox.ts'

/** Has a program of this name note each call before it runs; gives the PATH to use. */
export function noteCalls(
  box: Sandbox,
  name: string,
): { readonly PATH: string; readonly calls: () => readonly string[] } {
  const path = box.environment()['PATH'] ?? ''
  const notes = box.write(`calls-${name}`, '', 0o666)
  box.write(`noting/${name}`, `#!/bin/sh\necho "$*" >>'${notes}'\nPATH='${path}' exec ${name} "$@"\n`, 0o755)
  return {
    PATH: `${box.path('noting')}:${path}`,
    calls: () => box.read(`calls-${name}`).split('\n').slice(0, -1),
  }
}

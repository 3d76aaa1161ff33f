import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Puts a program into a test's folder `bin` that notes how it is called in the file $ASKED, and then does what `body` says. */
export function putProgram(dir: string, name: string, body: string): void {
  const path = join(dir, 'bin', name)
  writeFileSync(path, `#!/bin/sh\nprintf '%s ' "\${0##*/}" "$@" >>"$ASKED"; echo >>"$ASKED"\n${body}\n`)
  chmodSync(path, 0o755)
}

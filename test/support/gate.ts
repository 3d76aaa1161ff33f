import { chmodSync, closeSync, constants, openSync, renameSync, writeFileSync } from 'node:fs'
import { demand } from '../../dev/setup/command.ts'
import type { Sandbox } from './sandbox.ts'

/** A place in a job where it stands still until the test lets it go on. */
export interface Gate {
  readonly path: string
  /** The line of a job script that stands before the gate. */
  readonly line: string
  /** Waits until a job stands before the gate: it surely runs. */
  reached(limitMs?: number): Promise<void>
  /** Waits for a job before the gate, lets it through, and all that come later. */
  open(limitMs?: number): Promise<void>
}

/** Makes a gate in a sandbox: a FIFO that a job reads to its end. */
export function makeGate(box: Sandbox, name = 'gate'): Gate {
  const path = box.path(name)
  demand('mkfifo', ['-m', '666', path])
  let writer: number | undefined
  const reached = async (limitMs = 40_000): Promise<void> => {
    const end = performance.now() + limitMs
    while (writer === undefined) {
      try {
        // Fails with ENXIO as long as nobody has it open for reading.
        writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
      } catch {
        if (performance.now() > end) throw new Error(`no job came to the gate ${path}`)
        await new Promise((wake) => setTimeout(wake, 20))
      }
    }
  }
  const open = async (limitMs?: number): Promise<void> => {
    await reached(limitMs)
    // Later readers find an empty file here; then those who wait see the end of the FIFO.
    writeFileSync(`${path}.open`, '')
    chmodSync(`${path}.open`, 0o644)
    renameSync(`${path}.open`, path)
    if (writer !== undefined) closeSync(writer)
  }
  return { path, line: `cat '${path.replaceAll("'", `'\\''`)}' >/dev/null`, reached, open }
}

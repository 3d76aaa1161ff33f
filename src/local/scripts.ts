import { installFiles } from '../process/install-files.ts'
import { shippedText } from '../process/shipped.ts'

const names = ['cancel.sh', 'payload.sh', 'process.sh', 'pump.sh', 'queue.sh', 'watch.sh'] as const

/** Copies the shell scripts into `home`, and returns the copy's folder. */
export function installScripts(home: string): string {
  const files = names.map((name) => ({ name, text: shippedText(name, import.meta.url), mode: 0o600 }))
  return installFiles(home, files)
}

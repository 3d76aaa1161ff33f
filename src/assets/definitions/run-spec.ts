import type { PartitionKey } from './key-space.ts'
import { fillTemplate, type Template } from './template.ts'

/** How an asset or a check is run. Files are relative to the folder of the definitions. */
export type RunSpec =
  | { readonly kind: 'shell'; readonly line: Template }
  | { readonly kind: 'bash' | 'python'; readonly file: string; readonly args: readonly Template[] }
  | { readonly kind: 'exec'; readonly words: readonly Template[] }

/** A command for one key: its words, and what its environment has to hold besides. */
export interface RunCommand {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/**
 * The command of one partition, or of an asset without (key null). A shell line is one word for `sh -c`; what is filled into
 * it is `shellSafe`, so no quotes around a placeholder can be left. The key is in `WAYBILL_KEY`, its values in
 * `WAYBILL_KEY_<dimension>`.
 */
export function commandOf(run: RunSpec, key: PartitionKey | null): RunCommand {
  const values = key?.values ?? {}
  const fill = (template: Template): string => fillTemplate(template, values)
  const env = key === null ? {} : keyEnvironment(key)
  switch (run.kind) {
    case 'shell':
      return { words: ['sh', '-c', fill(run.line)], env }
    case 'bash':
      return { words: ['bash', fileWord(run.file), ...run.args.map(fill)], env }
    case 'python':
      return { words: ['python3', fileWord(run.file), ...run.args.map(fill)], env }
    case 'exec':
      return { words: run.words.map(fill), env }
  }
}

/** A file as a word that no program takes for an option. */
function fileWord(file: string): string {
  return file.startsWith('-') ? `./${file}` : file
}

/** The variables that tell a payload its key. */
export function keyEnvironment(key: PartitionKey): Readonly<Record<string, string>> {
  const dimensions = Object.entries(key.values).map(([name, value]) => [`WAYBILL_KEY_${name}`, value])
  return { WAYBILL_KEY: key.text, ...Object.fromEntries(dimensions) }
}

/** Whether a text means itself in shell code, within quotes of both kinds and without: letters, digits, `_.:@%+=-`. */
export function shellSafe(value: string): boolean {
  return /^[\w.:@%+=-]+$/.test(value)
}

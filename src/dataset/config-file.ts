import { readFileSync } from 'node:fs'

/** What a file of git's configuration format says. Keys are `section.name` or `section.subsection.name`. */
export interface ConfigFile {
  /** The last value of a key (section and name in lower case), or null. */
  readonly value: (key: string) => string | null
  /** All values of a name, whatever their section. */
  readonly named: (name: string) => readonly string[]
  /** Whether a section of that name (in lower case) says anything. */
  readonly hasSection: (name: string) => boolean
}

/**
 * Reads a file of git's configuration format (git-config(1), "Syntax"); one that cannot be read is empty. For keys that
 * git, git-annex or DataLad itself writes there; includes are not followed.
 */
export function readConfigFile(file: string): ConfigFile {
  const values = new Map<string, string>()
  let section = ''
  for (const line of logicalLines(readOrEmpty(file))) {
    const header = /^\s*\[\s*([^\s\]"]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\](.*)$/.exec(line)
    if (header) {
      const sub = header[2]?.replace(/\\(.)/g, '$1')
      section = (header[1] ?? '').toLowerCase() + (sub === undefined ? '' : `.${sub}`)
    }
    const entry = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?$/.exec(header ? (header[3] ?? '') : line)
    if (entry) values.set(`${section}.${(entry[1] ?? '').toLowerCase()}`, unquote(entry[2] ?? 'true'))
  }
  return {
    value: (key) => values.get(key) ?? null,
    hasSection: (name) => [...values.keys()].some((key) => key.startsWith(`${name}.`)),
    named: (name) => [...values].filter(([key]) => key.endsWith(`.${name}`)).map(([, value]) => value),
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function logicalLines(text: string): string[] {
  return text.replace(/\\\r?\n/g, '').split(/\r?\n/)
}

/** Takes quotes, escapes, trailing comments and blanks off a value. */
function unquote(raw: string): string {
  let value = ''
  let pending = ''
  let quoted = false
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i] ?? ''
    if (c === '"') quoted = !quoted
    else if (!quoted && (c === '#' || c === ';')) break
    else if (!quoted && (c === ' ' || c === '\t')) {
      pending += c
      continue
    } else {
      const escaped = c === '\\' ? (raw[++i] ?? '') : null
      value += pending + (escaped === null ? c : escaped === 'n' ? '\n' : escaped === 't' ? '\t' : escaped)
      pending = ''
    }
  }
  return value
}

/** Whether git reads a value as true (git-config(1), "boolean"). */
export function isTrue(value: string | null): boolean {
  return value !== null && /^(true|yes|on|[1-9][0-9]*)$/i.test(value)
}

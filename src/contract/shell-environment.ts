import { shellQuote } from './shell-quote.ts'

/** Names that are some shell's own: setting them there is an error or does harm, and a shell makes them anew. */
const shellsOwn: ReadonlySet<string> = new Set(
  '_ BASHOPTS BASHPID EUID GROUPS IFS LINENO OLDPWD OPTIND PPID PWD SHELLOPTS UID'.split(' '),
)

/**
 * Variables as lines of POSIX shell that export them, whatever the values hold. A shell cannot hold variables whose names
 * are no identifiers: they are left out, as are those that shells set themselves.
 */
export function exportLines(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !shellsOwn.has(name))
    .map(([name, value]) => `export ${name}=${shellQuote(value)}`)
}

import { Argument, type Command } from 'commander'
import type { Runtime } from './runtime.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

/** `waybill completion SHELL` */
export function addCompletion(program: Command, runtime: Runtime): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script that completes commands and options; where an option takes a path, files.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  source <(waybill completion bash)                                  (in ~/.bashrc)
  source <(waybill completion zsh)                                   (in ~/.zshrc, after compinit)
  waybill completion fish > ~/.config/fish/completions/waybill.fish`,
    )
    .action((shell: Shell) => {
      runtime.out(completionScript(shell, describe(program)))
      runtime.exit(0)
    })
}

/** What completion knows of a command. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly options: readonly {
    readonly flag: string
    readonly short: string | null
    readonly description: string
    readonly choices: readonly string[]
  }[]
  /** Commands of this command, as `check` of `assets`. */
  readonly below: readonly CompletedCommand[]
}

function describe(program: Command): readonly CompletedCommand[] {
  return program.commands.map((command) => ({
    name: command.name(),
    summary: command.summary(),
    below: describe(command),
    options: command.options.map((option) => ({
      flag: option.long ?? '',
      short: option.short ?? null,
      description: option.description,
      choices: option.argChoices ?? [],
    })),
  }))
}

/** The script for one shell. All of it is static: completing starts no Waybill. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return zsh(commands)
    case 'fish':
      return fish(commands)
  }
}

function bash(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  const flagsOf = ({ options }: CompletedCommand): string =>
    options.flatMap(({ flag, short }) => (short === null ? [flag] : [flag, short])).join(' ')
  const cases = commands.map((command) => `    ${command.name}) words='${flagsOf(command)} --help' ;;`)
  const parents = commands.filter(({ below }) => below.length > 0)
  const belows = parents.map(
    ({ name, below }) =>
      `    ${name}) COMPREPLY=($(compgen -W '${below.map((one) => one.name).join(' ')} --help' -- "$current")); return ;;`,
  )
  const deeper = parents.flatMap(({ name, below }) =>
    below.map((one) => `    '${name} ${one.name}') words='${flagsOf(one)} --help' ;;`),
  )
  const values = commands.flatMap(({ name, options }) =>
    options
      .filter(({ choices }) => choices.length > 0)
      .map(
        ({ flag, short, choices }) =>
          `    ${name}:${flag}${short === null ? '' : ` | ${name}:${short}`}) COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current")); return ;;`,
      ),
  )
  return `# completion of waybill for bash
_waybill() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$current"))
    return
  fi
  [ "$COMP_CWORD" -ne 2 ] || case "\${COMP_WORDS[1]}" in
${belows.join('\n')}
  esac
  case "\${COMP_WORDS[1]}:$previous" in
${values.join('\n')}
    completion:completion) COMPREPLY=($(compgen -W '${shells.join(' ')}' -- "$current")); return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${deeper.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -o default -o bashdefault -F _waybill waybill
`
}

function zsh(commands: readonly CompletedCommand[]): string {
  const list = commands.map(({ name, summary }) => `    ${zshWord(`${name}:${summary}`)}`)
  const cases = commands.map(({ name, options, below }) => {
    if (below.length > 0) return zshBelow(name, below)
    const specs = options.map(({ flag, description, choices }) => {
      const values = choices.length > 0 ? `:value:(${choices.join(' ')})` : ''
      return `        ${zshWord(`*${flag}[${description.replace(/[[\]]/g, '\\$&')}]${values}`)}`
    })
    return `      ${name})\n        _arguments \\\n${[...specs, "        '*:file:_files'"].join(' \\\n')}\n        ;;`
  })
  return `#compdef waybill
# completion of waybill for zsh
_waybill() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  (( CURRENT-- ))
  shift words
  case $command in
${cases.join('\n')}
      completion) _values shell ${shells.join(' ')} ;;
  esac
}
compdef _waybill waybill
`
}

function zshBelow(name: string, below: readonly CompletedCommand[]): string {
  const names = below.map((one) => `          ${zshWord(`${one.name}[${one.summary}]`)}`)
  const flags = new Set(below.flatMap(({ options }) => options.map(({ flag }) => flag)))
  return [
    `      ${name})`,
    `        if (( CURRENT == 2 )); then _values command \\\n${names.join(' \\\n')}`,
    `        else _values option ${[...flags, '--help'].join(' ')}`,
    `        fi`,
    `        ;;`,
  ].join('\n')
}

function zshWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function fish(commands: readonly CompletedCommand[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = ['# completion of waybill for fish']
  for (const { name, summary, options: own, below } of commands) {
    for (const one of below) {
      const when = quote(`__fish_seen_subcommand_from ${name}`)
      lines.push(`complete -c waybill -n ${when} -f -a ${one.name} -d ${quote(one.summary)}`)
    }
    const more = below.flatMap(({ options }) => options)
    const options = [...own, ...new Map(more.toReversed().map((option) => [option.flag, option])).values()]
    lines.push(`complete -c waybill -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`)
    for (const { flag, short, description, choices } of options) {
      const when = quote(`__fish_seen_subcommand_from ${name}`)
      const shortFlag = short === null ? '' : ` -s ${short.slice(1)}`
      const values = choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : ''
      lines.push(
        `complete -c waybill -n ${when} -l ${flag.slice(2)}${shortFlag}${values} -d ${quote(description)}`,
      )
    }
  }
  lines.push(`complete -c waybill -n '__fish_seen_subcommand_from completion' -f -a '${shells.join(' ')}'`)
  return `${lines.join('\n')}\n`
}

import type { Argument, Command, Option } from 'commander'
import { buildProgram } from '../../src/cli/program.ts'
import type { Runtime } from '../../src/cli/runtime.ts'

/** The text of docs/reference.md, made of the definitions of the commands themselves. */
export function reference(): string {
  const written: string[] = []
  const program = buildProgram(silent((text) => written.push(text)))
  const sections = program.commands
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => [command, ...command.commands])
    .map((command) => section(command, () => afterHelp(command, written)))
  const overview = program.commands
    .filter((command) => command.name() !== 'help')
    .map((command) => `- [\`waybill ${command.name()}\`](#waybill-${command.name()}): ${command.summary()}`)
  return [
    '# Every command',
    '',
    'Made from the code by `npm run docs`; `waybill COMMAND --help` says the same. What the options are for is told by the',
    'pages on [scheduling](scheduling.md), [finishing](finishing.md), [running again](rescheduling.md) and [assets](assets.md).',
    '',
    ...overview,
    '',
    ...sections,
  ].join('\n')
}

function section(command: Command, after: () => string): string {
  const name = nameOf(command)
  const lines = [
    `${command.parent?.parent ? '###' : '##'} waybill ${name}`,
    '',
    command.description(),
    '',
    '```',
    `waybill ${name} ${command.commands.length > 0 ? command.commands.map((one) => one.name()).join('|') : command.usage()}`,
    '```',
    '',
    ...command.registeredArguments.map(argumentLine),
    ...command.options.filter(({ hidden }) => !hidden).map(optionLine),
    '',
  ]
  const examples = after()
  return [...lines, ...(examples === '' ? [] : ['```', examples, '```', ''])].join('\n')
}

/** The words behind `waybill` that call a command. */
function nameOf(command: Command): string {
  return command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()
}

function argumentLine(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return item(argument.required ? `<${name}>` : `[${name}]`, argument.description, argument)
}

function optionLine(option: Option): string {
  return item(option.flags, option.description, option)
}

function item(
  name: string,
  text: string,
  { argChoices, defaultValue, defaultValueDescription }: Choosable,
): string {
  const choices =
    argChoices === undefined ? [] : [`one of ${argChoices.map((word) => `\`${word}\``).join(', ')}`]
  const plain =
    typeof defaultValue === 'string' || typeof defaultValue === 'number' ? String(defaultValue) : undefined
  const preset = defaultValueDescription ?? plain
  const presets = preset === undefined || preset === 'none' ? [] : [`default: ${preset}`]
  const more = [...choices, ...presets]
  return `- \`${name}\`: ${text}${more.length === 0 ? '' : ` (${more.join('; ')})`}`
}

type Choosable = Pick<Option, 'argChoices' | 'defaultValue' | 'defaultValueDescription'>

/** What `--help` prints after the options: notes and examples. */
function afterHelp(command: Command, written: string[]): string {
  written.length = 0
  command.outputHelp()
  return written.join('').slice(command.helpInformation().length).trim()
}

/** A world in which a command can only print its help. */
function silent(out: (text: string) => void): Runtime {
  const unused = (): never => {
    throw new Error('no command is run for the reference')
  }
  return {
    out: (text) => out(text.toString()),
    err: unused,
    isRead: () => true,
    env: {},
    cwd: '/',
    terminal: false,
    outIsTerminal: false,
    version: '',
    compatFolder: unused,
    collectEarly: unused,
    stdinIsTerminal: false,
    readStdin: unused,
    open: unused,
    sleep: unused,
    now: unused,
    farewell: unused,
    exit: unused,
  }
}

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reference } from '../dev/docs/reference.ts'
import { checkout } from './support/runtime.ts'
import { Sandbox } from './support/sandbox.ts'

/** An option of a command: whether the word after it is its value. */
type Options = ReadonlyMap<string, { readonly takesValue: boolean }>

// Options of other programs that the pages name by themselves, and those of datalad-slurm that Waybill does not have.
const ofOthers: ReadonlySet<string> = new Set(
  (
    '--parsable --job-name --wrap --dependency --clusters --comment --wait --test-only --output --signal ' +
    '--slurm --variant --log-level --dbg --idbg --cmd --report-status --report-type ' +
    '--executor --forcerun --lock --cluster-generic-cancel-cmd'
  ).split(' '),
)

// It names every option by itself, which explains none.
const generated = join('docs', 'reference.md')

const pages = ['*.md', 'docs/**/*.md', 'examples/**/*.md']
  .flatMap((pattern) => globSync(pattern, { cwd: checkout }))
  .toSorted()
const textOf = new Map(pages.map((page) => [page, readFileSync(join(checkout, page), 'utf8')]))

let box: Sandbox
const commands = new Map<string, Options>()

beforeAll(async () => {
  box = await Sandbox.create()
  const help = async (...words: readonly string[]): Promise<string> =>
    (await box.waybill([...words, '--help'])).stdout
  const overview = /\nCommands:\n([^]*?)\n\n/.exec(await help())?.[1] ?? ''
  for (const name of commandsIn(overview)) {
    const own = await help(name)
    const options = new Map(readOptions(own))
    for (const below of commandsIn(/\nCommands:\n([^]*?)\n\n/.exec(own)?.[1] ?? '')) {
      for (const [flag, option] of readOptions(await help(name, below))) options.set(flag, option)
    }
    commands.set(name, options)
  }
})

afterAll(async () => box.dispose())

test('the reference is what the code says: npm run docs', () => {
  expect(textOf.get(generated)).toBe(reference())
})

test('the pages are there, and so are the commands', () => {
  expect(pages).toContain('README.md')
  expect(pages).toContain(join('docs', 'architecture.md'))
  expect([...commands.keys()]).toContain('schedule')
  expect(commands.get('schedule')?.get('-o')).toEqual({ takesValue: true })
  expect(commands.get('close')?.get('--force')).toEqual({ takesValue: false })
})

test.each(pages)('every relative link of %s leads somewhere', (page) => {
  const broken = linksOf(page).filter(({ file, heading }) => {
    if (!existsSync(file)) return true
    return heading !== null && !headingsOf(readFileSync(file, 'utf8')).has(heading)
  })
  expect(broken).toEqual([])
})

test.each(pages)('every command and option that %s names exists', (page) => {
  const text = textOf.get(page) ?? ''
  const wrong = [...callsIn(text).flatMap((call) => unknownIn(call)), ...unknownOptions(text)]
  expect(wrong).toEqual([])
})

test('every command and option that exists is named on some page', () => {
  const all = [...textOf].map(([page, text]) => (page === generated ? '' : text)).join('\n')
  const unnamed = [...commands].flatMap(([name, options]) => [
    ...(all.includes(`waybill ${name}`) ? [] : [name]),
    ...[...options.keys()].filter((flag) => flag.startsWith('--') && flag !== '--help' && !names(all, flag)),
  ])
  expect(unnamed).toEqual([])
})

// `  finish [options]   what it does`, as the help lists commands.
function commandsIn(list: string): readonly string[] {
  return [...list.matchAll(/^ {2}([\w-]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help')
}

// `  -o, --output <path>   what it is for`, as the help prints it.
function readOptions(help: string): Options {
  const options = new Map<string, { readonly takesValue: boolean }>()
  for (const [, short, long = '', value] of help.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)( <[^>]+>)?/gm)) {
    const option = { takesValue: value !== undefined }
    options.set(long, option)
    if (short !== undefined) options.set(short, option)
  }
  return options
}

function linksOf(page: string): readonly { readonly file: string; readonly heading: string | null }[] {
  const text = (textOf.get(page) ?? '').replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', heading = null] = target.split('#')
      return { file: path === '' ? join(checkout, page) : resolve(checkout, dirname(page), path), heading }
    })
}

function headingsOf(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

// What follows `waybill ` in code: a line of a block, or the rest of a span.
function callsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```[^]*?^```/gm)].map(([block]) => block)
  const lines = blocks.flatMap((block) => [
    ...block.matchAll(/(?:^(?:[ $]*(?:\w+=\S+ )?)|\$\(|<\()waybill (.*)$/gm),
  ])
  const spans = [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/`[^`]*?\bwaybill ([^`]*)`/g)]
  // Columns of explanation stand three blanks or a # further right.
  return [...lines, ...spans].map(([, rest = '']) =>
    (rest.split(/ {3}| # /)[0] ?? '').replaceAll(/\s+/g, ' '),
  )
}

function unknownIn(call: string): readonly string[] {
  const words = [...call.replaceAll(/[[\]…]/g, ' ').matchAll(/'[^']*'|"[^"]*"|[^\s'"]+/g)].map(
    ([word]) => word,
  )
  const [name = '', ...rest] = words.map((word, i) => (i === 0 ? word.replace(/\).*$/, '') : word))
  if (name.startsWith('--')) return ['--help', '--version'].includes(name) ? [] : [`waybill ${call}`]
  const options = commands.get(name)
  if (options === undefined) return /^[a-z]/.test(name) ? [`waybill ${call}`] : []
  for (let i = 0; i < rest.length; i++) {
    const word = (rest[i] ?? '').replace(/[).,;:]+$/, '')
    // What follows is sbatch's.
    if (word === '--') break
    if (!/^--?[a-z]/.test(word)) {
      // Behind their first plain word stands somebody else's command.
      if (['schedule', 'slurm-schedule', 'run'].includes(name)) break
      continue
    }
    const [flag = '', value] = word.split('=')
    const option = options.get(flag)
    if (option === undefined && flag !== '-h') return [`waybill ${call}: ${flag}`]
    if (option?.takesValue && value === undefined) i++
  }
  return []
}

// Options that stand in a span by themselves, such as `--close-failed-jobs`.
function unknownOptions(text: string): readonly string[] {
  const known = new Set([...commands.values()].flatMap((options) => [...options.keys()]))
  return [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/`(--[a-z][\w-]*)[^`]*`/g)]
    .map(([, flag = '']) => flag)
    .filter((flag) => !known.has(flag) && !ofOthers.has(flag))
}

function names(text: string, flag: string): boolean {
  return new RegExp(`${flag}(?![\\w-])`).test(text)
}

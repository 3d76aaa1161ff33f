import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, afterAll, expect, test, vi } from 'vitest'
import { demand } from '../dev/setup/command.ts'
import type { Ran } from './support/programs.ts'
import { checkout } from './support/runtime.ts'
import { Sandbox } from './support/sandbox.ts'

/** A demo builds, runs some forty jobs, and shows each step. */
const demoLimit = 300_000

vi.setConfig({ testTimeout: demoLimit })

let box: Sandbox

// A copy of the checkout with what the demo builds from, owned by an ordinary user.
beforeAll(async () => {
  box = await Sandbox.create()
  for (const part of ['dev', 'src', 'examples', 'package.json', 'tsconfig.json', 'tsconfig.types.json'])
    cpSync(join(checkout, part), box.path(part), { recursive: true })
  for (const name of [
    'esbuild',
    '@esbuild',
    'commander',
    'zod',
    'yaml',
    'typescript',
    '@typescript',
    '@types',
    'undici-types',
  ])
    cpSync(join(checkout, 'node_modules', name), box.path(`node_modules/${name}`), { recursive: true })
  mkdirSync(box.path('node_modules/.bin'))
  symlinkSync('../typescript/bin/tsc', box.path('node_modules/.bin/tsc'))
  demand('chown', ['-R', `--reference=${box.folder}`, box.folder])
})

afterAll(async () => box.dispose())

test('an ordinary user without git-annex and without a name runs the demo, and has four records', async () => {
  const ran = await demo({ PATH: pathWithout(/^git-annex/), GIT_CONFIG_GLOBAL: '/dev/null' })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toContain('git-annex is not installed here')
  const repository = /^ {2}cd (\S+)$/m.exec(ran.stdout)?.[1] ?? ''
  const log = await box.git(repository, 'log', '--format=%an <%ae>|%s')
  const records = log.split('\n').filter((line) => line.includes('[DATALAD RUNCMD]'))
  expect(records).toHaveLength(4)
  expect(log.split('\n').every((line) => line.startsWith('Waybill demo <demo@example.org>|'))).toBe(true)
  expect(box.read(`${repository}/results/departures.csv`).split('\n')).toContain('2012,01,4.3,5.4,-1.1')
  // What it says in the end works when it is typed.
  const bin = join(repository, '../bin/waybill')
  const shown = await box.run([bin, 'show', 'results/monthly.csv'], { cwd: repository })
  expect(shown.stdout).toContain('repeats:')

  // It ends with the graph, made here and on Slurm.
  const graph = join(repository, '../forecast')
  const subjects = (await box.git(graph, 'log', '--format=%an <%ae>|%s')).split('\n')
  expect(subjects.at(-1)).toBe('Waybill demo <demo@example.org>|A small analysis')
  for (const title of ['[DATALAD RUNCMD] ', '[DATALAD SLURM RUN] '])
    expect(
      subjects.some((subject) => subject.includes(title)),
      title,
    ).toBe(true)
  expect((await box.run([bin, 'plan'], { cwd: graph })).stdout).toBe('nothing to do\n')
})

test('with git-annex the data is annexed and the results are not; without Python and Slurm the rest is played', async () => {
  const ran = await demo({ PATH: pathWithout(/^(python3|sinfo)/) })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toContain('this part is left out')
  expect(ran.stdout).not.toContain('$ waybill materialize')
  const repository = /^ {2}cd (\S+)$/m.exec(ran.stdout)?.[1] ?? ''
  expect(await box.git(repository, 'annex', 'find', '--anything')).toBe(
    'data/seattle-weather-hourly-normals.csv\ndata/weather.csv',
  )
})

test('a demo that goes otherwise than told ends with 1 and says where it stands', async () => {
  box.write('examples/weather/scripts/monthly-means.sh', '#!/bin/sh\nexit 3\n')
  const ran = await demo({})
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('did not go as told')
  expect(ran.stderr).toContain(box.environment()['TMPDIR'])
})

test('the help of the demo names its options and runs nothing', async () => {
  const ran = await box.run(['node', 'dev/demo.ts', '--help'])
  expect(ran.stdout).toContain('--slurm')
  expect(ran.stdout).not.toContain('Building')
  const wrong = await box.run(['node', 'dev/demo.ts', '--slrum'], { allowFailure: true })
  expect(wrong).toMatchObject({ code: 2, stdout: ran.stdout })
})

async function demo(env: Readonly<Record<string, string>>): Promise<Ran> {
  return box.run(['node', 'dev/demo.ts'], { env, allowFailure: true, limitMs: demoLimit })
}

// A PATH on which everything is but the programs whose names match.
function pathWithout(names: RegExp): string {
  const folder = box.path(`programs-without-${names.source.replaceAll(/\W/g, '')}`)
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  for (const file of readdirSync('/usr/bin'))
    if (!names.test(file)) symlinkSync(join('/usr/bin', file), join(folder, file))
  return `${box.runtime.bin}:${folder}`
}

import { copyFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ran } from './support/programs.ts'
import { Sandbox, type RunOptions } from './support/sandbox.ts'

let box: Sandbox
let compat: string
beforeAll(async () => {
  box = await Sandbox.create({ annex: 'wheel' })
  compat = (await box.waybill(['compat'])).stdout.trim()
})
afterAll(async () => box.dispose())

/** PATH as a user has it who put our folder first, or before what is given. */
function pathWith(...folders: readonly string[]): string {
  return [...folders, box.environment()['PATH'] ?? ''].join(':')
}

/** Folder of a made-up datalad that tells what it was given. */
function pretender(name: string): string {
  box.write(`${name}/datalad`, '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n', 0o755)
  return box.path(name)
}

async function shim(
  words: readonly string[],
  options: RunOptions & { readonly path?: string } = {},
): Promise<Ran> {
  const { path, ...rest } = options
  const env = { WAYBILL_FACTS_WAIT: '0', ...rest.env }
  const call = ['/usr/bin/env', `PATH=${path ?? pathWith(compat)}`, 'datalad', ...words]
  return box.run(call, { allowFailure: true, ...rest, env })
}

describe("a script of datalad-slurm's users", () => {
  // What such a script does: a dataset, a campaign of jobs, a look until they are over, records, and one of them again.
  const campaign = `
set -eu
datalad -l error create -c text2git campaign >/dev/null
cd campaign
printf '#!/bin/sh\\nmkdir -p "results/$2"; wc -c <"$1" >"results/$2/size"; test "$2" != 3\\n' >job.sh
mkdir data && echo 'some data' >data/raw.txt
datalad -l error save -m 'Add the job and its data' >/dev/null
datalad -f disabled get data/raw.txt
for seed in 1 2 3; do
  datalad slurm-schedule -i data/raw.txt -o "results/$seed" -m "seed $seed" sbatch job.sh '{inputs}' "$seed"
done
datalad slurm-schedule --input data --output results/2 sbatch job.sh data/raw.txt 2 || echo "refused: $?"
wait_for_jobs() {
  while squeue -h -o %Z | grep -q "^$PWD"; do sleep 0.2; done
  until datalad slurm-finish --list-open-jobs >open 2>/dev/null && ! grep -E 'PENDING|RUNNING|COMPLETING' open >/dev/null
  do sleep 0.1; done
}
wait_for_jobs; cat open; rm open
datalad slurm-finish || echo "left: $?"
datalad --on-failure ignore slurm-finish
datalad slurm-finish --close-failed-jobs
datalad slurm-reschedule "$(git log --format=%H --grep 'seed 1')"
wait_for_jobs; rm open
datalad -C ../campaign slurm-finish -m 'once more' --explicit
datalad slurm-reschedule --since= --report
datalad slurm-finish -l
`

  /** What the two ways must have in common: all that is printed and recorded but ids, hashes and our own words. */
  async function account(name: string, folders: readonly string[]): Promise<unknown> {
    const script = box.write(`${name}/campaign.sh`, campaign)
    const env = { PATH: pathWith(...folders), WAYBILL_FACTS_WAIT: '0' }
    const ran = await box.run(['sh', script], { cwd: name, env, limitMs: 150_000 })
    const ds = `${name}/campaign`
    const plain = (text: string): string =>
      text
        .replaceAll(/(?<![\w.])\d{3,}(?!\w)/g, 'ID')
        .replaceAll(box.path(name), '')
        .replaceAll("'", '')
    const lines = plain(ran.stdout)
      .split('\n')
      .filter((line) => !/^(action summary:| {2}\w)/.test(line))
      .map((line) =>
        line.replace(
          /^(slurm-\w+\(impossible\): \S* ?\(dataset\)|slurm-reschedule\(ok\): \S* \(dataset\)) \[.*/,
          '$1',
        ),
      )
    const log = await box.git(ds, 'log', '--format=%B%x01')
    const records = log.split('\x01').flatMap((message) => {
      const json = /=== Do not change lines below ===\n([^]*?)\n\^\^\^ Do not/.exec(message)?.[1]
      return json === undefined ? [] : [JSON.parse(json) as Readonly<Record<string, unknown>>]
    })
    return {
      lines: lines.toSorted(),
      subjects: plain(await box.git(ds, 'log', '--format=%s')),
      files: plain(await box.git(ds, 'ls-files'))
        .split('\n')
        .filter((file) => !file.startsWith('.waybill/')),
      sizes: await box.run(['sh', '-c', 'cat results/*/size'], { cwd: ds }).then(({ stdout }) => stdout),
      // Theirs has written a failed job's facts beforehand.
      status: plain(await box.git(ds, 'status', '--porcelain'))
        .replace('?? slurm-job-ID.env.json', '')
        .trim(),
      records: records.map(({ cmd, pwd, inputs, chain }) => ({
        // DataLad quotes its placeholders.
        cmd: String(cmd).replaceAll("'", ''),
        pwd,
        inputs,
        chain: (chain as unknown[]).length,
      })),
    }
  }

  test('does the same through Waybill: lines, records, files and commits', async () => {
    const peers = box.runtime.peersBin
    const [theirs, ours] = await Promise.all([account('theirs', [peers]), account('ours', [compat, peers])])
    expect(ours).toEqual(theirs)
    // It went through Waybill.
    expect(box.exists('ours/campaign/.git/waybill/ledger.db')).toBe(true)
    expect(box.exists('theirs/campaign/.git/waybill')).toBe(false)
  }, 180_000)
})

describe('everything else goes to the next datalad on PATH', () => {
  const words = [
    '-l',
    'error',
    '-f',
    'json',
    'run',
    '-m',
    'two  words\n',
    '',
    '*',
    'slurm-finish',
    "it's",
    '--',
    '$x',
  ]

  test('word for word', async () => {
    const real = pretender('real one')
    const { stdout, code } = await shim(words, { path: pathWith(compat, real) })
    expect({ stdout, code }).toEqual({ stdout: [join(real, 'datalad'), ...words, ''].join('\n'), code: 0 })
    expect((await shim([], { path: pathWith(compat, real) })).stdout).toBe(`${real}/datalad\n`)
    expect((await shim(['--version'], { path: pathWith(compat, real) })).stdout).toContain('--version')
  })

  test.each(['-h', '--help', '--version'])('%s before slurm-finish finishes nothing', async (ask) => {
    const real = pretender('real')
    const { stdout } = await shim([ask, 'slurm-finish'], { path: pathWith(compat, real) })
    expect(stdout).toBe(`${real}/datalad\n${ask}\nslurm-finish\n`)
  })

  test('past links to it, copies of it, folders and files that are no programs', async () => {
    for (const name of ['linked', 'copied', 'folder', 'text']) box.write(`${name}/.keep`, '')
    symlinkSync(join(compat, 'datalad'), box.path('linked/datalad'))
    copyFileSync(join(compat, 'datalad'), box.path('copied/datalad'))
    box.write('folder/datalad/x', '')
    box.write('text/datalad', 'text')
    const before = ['copied', 'linked', 'folder', 'text'].map((name) => box.path(name))
    const real = pretender('real')
    for (const first of [box.path('linked'), box.path('copied'), compat]) {
      const { stdout } = await shim(['save'], { path: pathWith(first, compat, ...before, real) })
      expect(stdout).toBe(`${real}/datalad\nsave\n`)
    }
  })

  test('where there is none, it says so', async () => {
    box.write('tools/.keep', '')
    for (const tool of ['sh', 'dirname', 'readlink'])
      symlinkSync(`/usr/bin/${tool}`, box.path(`tools/${tool}`))
    const path = [compat, box.path('tools')].join(':')
    expect(await shim(['save'], { path })).toMatchObject({
      code: 127,
      stderr: expect.stringContaining("this is Waybill's stand-in") as string,
    })
  })

  test('its exit code and its signals are its own', async () => {
    box.write('failing/datalad', '#!/bin/sh\nexit 7\n', 0o755)
    expect(await shim(['save'], { path: pathWith(compat, box.path('failing')) })).toMatchObject({ code: 7 })
  })
})

describe('slurm-* goes to Waybill, with what stands before it', () => {
  beforeAll(async () => {
    await box.dataset('ds')
    box.write('ds/sub dir/.keep', '')
    box.write('ds/x', '#!/bin/sh\n')
  })
  const dry = ['slurm-schedule', '-o', 'a', '--dry-run', 'command', 'sbatch', '--wrap', 'true']

  test.each([
    ['-C', ['-C', 'ds', ...dry], 'sbatch --wrap true\n'],
    ['-C twice, with a blank', ['-C', 'ds', '-Csub dir', ...dry], 'sbatch --wrap true\n'],
    [
      'a subcommand of the name of a value',
      ['-l', 'slurm-finish', '-C', 'ds', ...dry],
      'sbatch --wrap true\n',
    ],
    [
      '--dbg, --cmd and --log-level',
      ['--dbg', '--log-level=debug', '-C', 'ds', '--cmd', ...dry],
      'sbatch --wrap true\n',
    ],
    ['-f disabled', ['-f', 'disabled', '-C', 'ds', 'slurm-schedule', 'sbatch', 'x'], ''],
  ])('%s', async (_, words, stdout) => {
    expect((await shim(words)).stdout).toBe(stdout)
  })

  test.each([['-f', 'json'], ['-fjson'], ['--output-format=json']])('%s', async (...format) => {
    const ran = await shim([...format, 'slurm-schedule', 'sbatch', 'x'], { cwd: 'ds' })
    expect(JSON.parse(ran.stdout)).toMatchObject({ action: 'slurm-schedule', status: 'impossible' })
  })

  test.each([['-c', 'datalad.run.substitutions.what=hello'], ['-cdatalad.run.substitutions.what=hello']])(
    '%s',
    async (...setting) => {
      const words = ['slurm-schedule', '-o', 'a', '--dry-run', 'command', 'sbatch', 'x', '{what}']
      const ran = await shim(['-c', 'user.name=x', ...setting, ...words], { cwd: 'ds' })
      expect(ran.stdout).toBe('sbatch x hello\n')
    },
  )

  test('--on-failure ignore', async () => {
    const words = ['slurm-schedule', 'sbatch', 'x']
    expect((await shim(words, { cwd: 'ds' })).code).toBe(1)
    expect((await shim(['--on-failure=ignore', ...words], { cwd: 'ds' })).code).toBe(0)
    expect((await shim(['--on-failure', 'stop', ...words], { cwd: 'ds' })).code).toBe(1)
  })

  test('also where no waybill is on PATH', async () => {
    const path = `${compat}:${dirname(process.execPath)}:/usr/bin:/bin`
    expect((await shim(['-C', 'ds', ...dry], { path })).stdout).toBe('sbatch --wrap true\n')
  })
})

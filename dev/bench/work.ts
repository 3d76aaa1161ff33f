import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, demand, Hindrance } from '../setup/command.ts'

/** One of the two tools: how it is started, and what stands before its commands' names. */
export interface Side {
  readonly words: readonly string[]
  readonly prefix: '' | 'slurm-'
}

/** Where a command runs. */
interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** Wall seconds of a whole process, which must succeed. */
export function timed(words: readonly string[], place: Place): number {
  const [program = '', ...args] = words
  const begun = performance.now()
  const { code, stdout, stderr } = attempt(program, args, place)
  const seconds = (performance.now() - begun) / 1000
  if (code !== 0) throw new Hindrance(`${words.join(' ')} ended with ${code}\n${stderr}${stdout}`)
  return seconds
}

/** The middle value. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** Runs the sides in turn, so that what the machine does meanwhile meets all of them; the medians. */
export function alternate(times: number, sides: readonly (() => number)[]): readonly number[] {
  const seconds: number[][] = sides.map(() => [])
  for (let i = 0; i <= times; i++) {
    // The first round warms caches and is not counted.
    for (const [j, side] of sides.entries()) {
      const took = side()
      if (i > 0) seconds[j]?.push(took)
    }
  }
  return seconds.map(median)
}

/** A git-annex repository with text2git's rule and so many small files, 100 a folder. */
export function makeRepository(folder: string, env: NodeJS.ProcessEnv, files: number): string {
  mkdirSync(folder, { recursive: true })
  const git = (...args: readonly string[]): string =>
    demand('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org', ...args], {
      cwd: folder,
      env,
    })
  git('init', '-q', '-b', 'main')
  git('config', 'user.name', 'Bench')
  git('config', 'user.email', 'bench@example.org')
  git('annex', 'init', '-q')
  writeFileSync(
    join(folder, '.gitattributes'),
    '* annex.largefiles=((mimeencoding=binary)and(largerthan=0))\n',
  )
  for (let i = 0; i < files; i++) {
    if (i % 100 === 0) mkdirSync(join(folder, `data/${i / 100}`), { recursive: true })
    writeFileSync(join(folder, `data/${Math.floor(i / 100)}/${i}.txt`), `${i}\n`)
  }
  const job =
    '#!/bin/sh\nmkdir -p "$1"\nfor i in 1 2 3; do echo "$1 $i" > "$1/$i.txt"; done\nhead -c 2000 /dev/urandom > "$1/4.bin"\n'
  writeFileSync(join(folder, 'job.sh'), job)
  git('add', '-A')
  git('commit', '-q', '-m', 'start')
  return folder
}

/** Lets a side schedule jobs of four small files each (one annexed), waits for their end, and times its finish. */
export function endedJobs(
  side: Side,
  folder: string,
  env: NodeJS.ProcessEnv,
  jobs: number,
  options: readonly string[] = [],
): number {
  makeRepository(folder, env, 1000)
  for (let i = 0; i < jobs; i++) {
    const log = `out/${i}/log.%j`
    mkdirSync(join(folder, `out/${i}`), { recursive: true })
    timed(
      [...side.words, `${side.prefix}schedule`, '-o', `out/${i}`, 'sbatch', '-o', log, 'job.sh', `out/${i}`],
      { cwd: folder, env },
    )
  }
  waitForEnd(folder, env)
  return timed([...side.words, `${side.prefix}finish`, ...options], { cwd: folder, env })
}

/** Waits until every job of ours is over and known to accounting, whose answer the peer needs. */
export function waitForEnd(folder: string, env: NodeJS.ProcessEnv): void {
  demand(
    'sbatch',
    ['--wait', '--dependency=singleton', '-J', 'job.sh', '-o', '/dev/null', '--wrap', 'true'],
    { cwd: folder, env },
  )
  demand('sleep', ['1'], { env })
}

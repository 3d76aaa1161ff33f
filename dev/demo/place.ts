import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, Hindrance } from '../setup/command.ts'
import { typed, type Stage } from './stage.ts'

/** What of git a demo found on this machine. */
export interface Found {
  readonly annex: boolean
}

/** Makes the throw-away repository with the data and scripts of examples/weather, and commits them. */
export function makeRepository(stage: Stage, example: string, env: NodeJS.ProcessEnv): Found {
  const { repository } = stage
  if (attempt('git', ['--version'], { env }).code !== 0) throw new Hindrance('git is not installed')
  const annex = attempt('git', ['annex', 'version', '--raw'], { env }).code === 0
  mkdirSync(join(repository, 'logs'), { recursive: true })
  stage.say(
    `A throw-away repository, ${repository}, with a small real data set (the weather of Seattle and New York, ` +
      'examples/weather/data) and four scripts that work on it.',
  )
  beginRepository(stage, env)
  for (const part of ['data', 'scripts'])
    cpSync(join(example, part), join(repository, part), { recursive: true })
  writeFileSync(join(repository, 'logs/.gitkeep'), '')
  if (annex) {
    stage.say(
      'git-annex is here, so it keeps what is larger than 20 kB; git itself keeps a pointer to it. ' +
        'Here that is the data; the results are small.',
    )
    stage.type(['git', 'annex', 'init', '-q', 'demo'])
    writeFileSync(join(repository, '.gitattributes'), '* annex.largefiles=largerthan=20kb\n')
    stage.type(['git', 'annex', 'add', '-q', '.'])
  } else {
    stage.say('git-annex is not installed here, so all files go into git. For small files that is fine.')
    stage.type(['git', 'add', '.'])
  }
  stage.type(['git', 'commit', '-q', '-m', 'Weather data and the scripts that work on it'])
  return { annex }
}

/** Makes an empty repository that is nobody's but the demo's, in the stage's folder. */
export function beginRepository(stage: Stage, env: NodeJS.ProcessEnv): void {
  stage.type(['git', 'init', '-q', '.'])
  // What a person has set up for all repositories (signatures, hooks) is no part of the demo.
  stage.ask(['git', 'config', 'commit.gpgsign', 'false'])
  stage.ask(['git', 'config', 'core.hooksPath', join(stage.repository, '.git/hooks')])
  const known = ['user.name', 'user.email'].every(
    (key) => attempt('git', ['config', key], { env, cwd: stage.repository }).stdout.trim() !== '',
  )
  if (!known) {
    stage.say('git does not know who you are. For this repository alone, you are somebody else:')
    stage.type(['git', 'config', 'user.name', 'Waybill demo'])
    stage.type(['git', 'config', 'user.email', 'demo@example.org'])
  }
}

/** Puts a `waybill` into the demo's folder, for looking around afterwards. */
export function makeCommand(folder: string, product: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const file = join(bin, 'waybill')
  writeFileSync(file, `#!/bin/sh\nexec ${typed([process.execPath, product])} "$@"\n`)
  chmodSync(file, 0o755)
  return bin
}

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { makeRepository, timed, waitForEnd, type Side } from './work.ts'

/** Runs a command in the foreground with a record, as `datalad run --explicit` does. */
export function runOne(side: Side, cwd: string, env: NodeJS.ProcessEnv, name: number): number {
  const output = `run-${name}.txt`
  const explicit = side.prefix === '' ? [] : ['--explicit']
  const command = ['sh', '-c', `echo ${name} > ${output}`]
  return timed([...side.words, 'run', ...explicit, '-o', output, ...command], { cwd, env })
}

const copyJob = [
  'sbatch',
  '-J',
  'job.sh',
  '-o',
  'log.%j',
  '--wrap',
  'mkdir -p out && cp in/big.bin out/big.bin',
]

/** Seconds of schedule and of finish together, of a job elsewhere that reads one file and writes one of its size. */
export function thereAndBack(side: Side, folder: string, env: NodeJS.ProcessEnv, bytes: number): number {
  makeRepository(folder, env, 1000)
  const there = `${folder}-there`
  mkdirSync(there)
  mkdirSync(join(folder, 'in'))
  writeFileSync(join(folder, 'in/big.bin'), randomBytes(bytes))
  const place = { cwd: folder, env }
  const scheduled = timed(
    [...side.words, 'schedule', '--alt-dir', there, '-i', 'in', '-o', 'out', ...copyJob],
    place,
  )
  waitForEnd(folder, env)
  const finished = timed([...side.words, 'finish'], place)
  for (const each of [folder, there]) rmSync(each, { recursive: true, force: true })
  return scheduled + finished
}

/** Seconds that `cp` takes there and back. */
export function copied(folder: string, env: NodeJS.ProcessEnv, bytes: number): number {
  const from = join(folder, 'cp-from')
  mkdirSync(from, { recursive: true })
  writeFileSync(join(from, 'big.bin'), randomBytes(bytes))
  const to = join(folder, 'cp-to')
  mkdirSync(to, { recursive: true })
  const there = timed(['cp', join(from, 'big.bin'), join(to, 'big.bin')], { cwd: folder, env })
  const back = timed(['cp', join(to, 'big.bin'), join(from, 'back.bin')], { cwd: folder, env })
  for (const each of [from, to]) rmSync(each, { recursive: true, force: true })
  return there + back
}

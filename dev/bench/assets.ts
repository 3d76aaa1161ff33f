import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { interruption, pause, succeed, type Place } from './measure.ts'
import { makeRepository, removeFolders } from './repository.ts'
import { Hindrance } from '../setup/command.ts'

/** Numbered names, as they stand in folders of a hundred: a0, a1, … */
export function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `a${i}`)
}

/** The one output of an asset: git writes a folder anew for each commit, and so nobody has ten thousand files in one. */
export function output(name: string): string {
  return `out/${folderOf(name)}/${name}.txt`
}

function folderOf(name: string): number {
  return Math.floor(Number(name.slice(1)) / 100)
}

/** Makes the folders of outputs, which payloads find there. */
export function makeFolders(cwd: string, assets: number): void {
  for (let i = 0; i < assets; i += 100) {
    const folder = join(cwd, 'out', `${i / 100}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, '.keep'), '')
  }
}

/** A line of shell that makes an asset's file of text; some sleep before. */
export function line(name: string, seconds = 0): string {
  return `${seconds > 0 ? `sleep ${seconds}; ` : ''}echo ${name} > ${output(name)}`
}

/** One asset of `waybill.yaml` that runs a line. */
export function asset(name: string, { seconds = 0, more = '' } = {}): string {
  return `  ${name}: { outputs: [${output(name)}], run: "${line(name, seconds)}"${more} }\n`
}

/** A repository of 1,000 files with definitions of assets in it. Whoever makes one removes it. */
export function assetsProject(bench: Bench, site: 'local' | 'slurm', assets: readonly string[]): string {
  const folder = join(bench.folder, bench.fresh('assets'))
  makeRepository(folder, bench.env, bench.sizes.files[0])
  const definitions = `sites:\n  there: { scheduler: ${site} }\nassets:\n${assets.join('')}`
  writeFileSync(join(folder, 'waybill.yaml'), definitions)
  makeFolders(folder, assets.length)
  succeed(['sh', '-c', 'git add . && git commit -q -m assets'], {
    cwd: folder,
    env: bench.env,
  })
  return folder
}

/** Wall seconds of making everything, all of which must be recorded afterwards, each by its commit. */
export function materialized(
  bench: Bench,
  folder: string,
  records: number,
  env: NodeJS.ProcessEnv = bench.env,
): number {
  const place = { cwd: folder, env }
  return recorded(place, records, () => succeed([...bench.waybill.words, 'materialize'], place))
}

/** The same of a graph that is handed to Slurm: `finish` is called when the queue has none of its jobs any more. */
function finished(bench: Bench, folder: string, records: number, env: NodeJS.ProcessEnv = bench.env): number {
  const place = { cwd: folder, env }
  return recorded(place, records, () => {
    const { words } = bench.waybill
    const told = succeed([...words, 'materialize', '--detach', '--json'], place)
    const ids = [...told.matchAll(/"slurm_job_id":(\d+)/g)].map(([, id]) => id).join(',')
    const waiting = ['squeue', '-h', '-t', 'PD,CF,R,CG', '-o', '%i', '-j', ids]
    while (succeed(waiting, place) !== '') pause(20)
    succeed([...words, 'finish'], place)
  })
}

function recorded(place: Place, records: number, make: () => void): number {
  const before = commits(place)
  const begun = performance.now()
  make()
  const seconds = (performance.now() - begun) / 1000
  const made = commits(place) - before
  if (made !== records) throw new Hindrance(`${made} of ${records} results were recorded`)
  return seconds
}

/** The same in a repository of its own, made anew: so often as it is measured. */
export function making(
  bench: Bench,
  site: 'local' | 'slurm',
  assets: readonly string[],
  warmEnv: NodeJS.ProcessEnv = bench.env,
  make = materialized,
): (warmUp: boolean) => number {
  return (warmUp) => {
    const folder = assetsProject(bench, site, assets)
    try {
      return make(bench, folder, assets.length, warmUp ? warmEnv : bench.env)
    } finally {
      removeFolders(folder)
    }
  }
}

/** The same for a graph that is handed to Slurm. */
export function detaching(...of: Parameters<typeof making>): ReturnType<typeof making> {
  const [bench, site, assets, warmEnv] = of
  return making(bench, site, assets, warmEnv, finished)
}

function commits(place: Place): number {
  interruption.signal.throwIfAborted()
  return Number(succeed(['git', 'rev-list', '--count', 'HEAD'], place))
}

import { globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Hindrance } from '../../setup/command.ts'
import { asset, assetsProject, names, output } from '../assets.ts'
import type { Bench } from '../bench.ts'
import { counted, type Line } from '../line.ts'
import { recordAll } from '../made-records.ts'
import { alternate, succeed, timed } from '../measure.ts'
import { peakOf } from '../peak.ts'
import { removeFolders } from '../repository.ts'
import type { Row } from '../row.ts'

// What Waybill keeps beside git so that it need not be read again.
function forget(folder: string): void {
  for (const path of globSync(['definitions-*.cache', 'fresh-*.cache', 'assets.db*'], {
    cwd: join(folder, '.git/waybill'),
  }))
    rmSync(join(folder, '.git/waybill', path))
}

/** Times of a command that finds nothing to do: with nothing kept (cold), and after another (warm). */
async function nothingToDo(
  bench: Bench,
  folder: string,
  args: readonly string[],
): Promise<{
  readonly cold: number
  readonly warm: number
  readonly bare: number
  readonly peak: number | undefined
}> {
  const place = { cwd: folder, env: bench.env }
  const words = [...bench.waybill.words, ...args]
  const told = succeed(words, place)
  if (!/^nothing to do$/m.test(told)) throw new Hindrance(`something is stale: ${told.slice(0, 300)}`)
  const peak = peakOf(bench)
  const times = bench.sizes.cheap
  const [[cold = Number.NaN], [warm = Number.NaN], [bare = Number.NaN]] = await alternate(
    {
      times,
      run: (warmUp) => {
        forget(folder)
        return timed(words, { cwd: folder, env: warmUp ? peak.env : bench.env })
      },
    },
    { times, run: () => timed(words, place) },
    { times, run: () => timed([process.execPath, '-e', '0'], place) },
  )
  return { cold, warm, bare, peak: peak.mebibytes() }
}

/** Graphs in which all is fresh. */
export const assetsNothing: Row = {
  name: 'assets-nothing',
  about: 'find that there is nothing to do',
  run: async (bench) => {
    const lines: Line[] = []
    for (const count of bench.sizes.fresh) {
      const all = names(count)
      const folder = assetsProject(
        bench,
        'local',
        all.map((name) => asset(name)),
      )
      await recordAll({ cwd: folder, env: bench.env }, (name) => output(name))
      const { cold, warm, bare, peak } = await nothingToDo(bench, folder, ['materialize'])
      removeFolders(folder)
      const few = count <= 100
      const bars = few ? [0.15, 0.15] : [1.2, 0.4]
      const quoted = few ? 'Snakemake 1.1 s' : 'Snakemake 3.2 s'
      const line = (state: string, waybill: number, bar = Number.NaN): Line => ({
        work: `nothing to do, ${counted(count)} assets, ${state} (quoted: ${quoted})`,
        bar: `≤ ${bar} s`,
        met: waybill <= bar,
        waybill,
        floor: [bare, '`node -e 0`'],
        peak,
      })
      lines.push(
        line('cold: all that is kept beside git removed', cold, bars[0]),
        line('warm', warm, bars[1]),
      )
    }
    return { lines }
  },
}

/** A graph of very many keys, all fresh. */
export const assetsPlan: Row = {
  name: 'assets-plan',
  about: 'plan very many keys, all fresh',
  run: async (bench) => {
    const [count, keys] = bench.sizes.planned
    const values = names(keys).map((name) => `k${name}`)
    const folder = assetsProject(
      bench,
      'local',
      names(count).map(
        (name) =>
          `  ${name}: { outputs: ["out/${name}/{k}.txt"], partitions: { k: [${values.join(', ')}] }, run: "true {k}" }\n`,
      ),
    )
    await recordAll({ cwd: folder, env: bench.env }, (name, key) => `out/${name}/${key}.txt`)
    const { cold, warm, bare, peak } = await nothingToDo(bench, folder, ['plan'])
    removeFolders(folder)
    const line = (state: string, waybill: number): Line => ({
      work: `plan of ${counted(count)} assets × ${counted(keys)} partitions, all fresh, ${state}`,
      bar: '≤ 2 s',
      met: waybill <= 2,
      waybill,
      floor: [bare, '`node -e 0`'],
      peak,
    })
    return { lines: [line('warm', warm), line('cold: all that is kept beside git removed', cold)] }
  },
}

import { join } from 'node:path'
import { asset, line, makeFolders, making, names } from '../assets.ts'
import type { Bench } from '../bench.ts'
import { counted, duration, type Line } from '../line.ts'
import { alternate, timed } from '../measure.ts'
import { peakOf } from '../peak.ts'
import { removeFolders } from '../repository.ts'
import type { Row } from '../row.ts'

// What a shell without any record takes for the same lines on two cores.
function bare(bench: Bench, lines: readonly string[]): () => number {
  return () => {
    const cwd = join(bench.folder, bench.fresh('bare'))
    makeFolders(cwd, lines.length)
    try {
      const words = ['xargs', '-0', '-P', '2', '-n', '1', 'sh', '-c']
      return timed(words, { cwd, env: bench.env }, lines.map((text) => `${text}\0`).join(''))
    } finally {
      removeFolders(cwd)
    }
  }
}

/** A few assets that take a while, on two cores of this machine. */
export const assetsEight: Row = {
  name: 'assets-eight',
  about: 'make 8 assets of 0.5 s on this machine',
  run: async (bench) => {
    const all = names(8)
    const peak = peakOf(bench)
    const assets = all.map((name) => asset(name, { seconds: 0.5 }))
    const lines = all.map((name) => line(name, 0.5))
    const [[waybill = Number.NaN], [floor]] = await alternate(
      { times: bench.sizes.cheap, run: making(bench, 'local', assets, { ...peak.env, ...twoSlots }) },
      { times: bench.sizes.cheap, run: bare(bench, lines) },
    )
    return {
      lines: [
        {
          work: '8 assets of 0.5 s here, two at a time (quoted: GNU parallel 2.2 s, Snakemake 3.9 s, Dagster 10.5 s)',
          bar: '≤ 2.6 s',
          met: waybill <= 2.6,
          waybill,
          floor: [floor, '`xargs -P 2`'],
          peak: peak.mebibytes(),
        },
      ],
    }
  },
}

const twoSlots = { WAYBILL_LOCAL_SLOTS: '2' }

/** Very many small assets on this machine, each recorded. */
export const assetsMany: Row = {
  name: 'assets-many',
  about: 'make very many trivial assets on this machine',
  run: async (bench) => {
    const lines: Line[] = []
    for (const count of bench.sizes.assets) {
      bench.say(`  making ${counted(count)} assets`)
      const all = names(count)
      const peak = peakOf(bench)
      const make = making(
        bench,
        'local',
        all.map((name) => asset(name)),
        peak.env,
      )
      // No run before: it takes as long as the one that counts, and its memory is of interest.
      const [[waybill = Number.NaN], [floor]] = await alternate(
        { times: 1, warmUp: false, run: () => make(true) },
        {
          times: 1,
          warmUp: false,
          run: bare(
            bench,
            all.map((name) => line(name)),
          ),
        },
      )
      const rate = count / waybill
      lines.push({
        work: `${counted(count)} trivial assets here, all text (quoted: Dagster 33 s for 1,000)`,
        bar: `≥ 100 a second, recorded (here ${rate.toFixed(0)}, ${duration(waybill / count)} each)`,
        met: rate >= 100,
        waybill,
        floor: [floor, '`xargs -P 2`'],
        peak: peak.mebibytes(),
      })
    }
    return { lines }
  },
}

import { join } from 'node:path'
import { asset, detaching, line, makeFolders, making, names } from '../assets.ts'
import type { Bench } from '../bench.ts'
import { bareChain, bareJobs } from '../bare-slurm.ts'
import { duration, type Line } from '../line.ts'
import { alternate } from '../measure.ts'
import { peakOf } from '../peak.ts'
import { removeFolders } from '../repository.ts'
import type { Row } from '../row.ts'

/** Runs the floor in a folder of its own. */
function inFolder(bench: Bench, run: (cwd: string) => number): () => number {
  return () => {
    const cwd = join(bench.folder, bench.fresh('bare'))
    makeFolders(cwd, 100)
    try {
      return run(cwd)
    } finally {
      removeFolders(cwd)
    }
  }
}

interface Work {
  readonly work: string
  readonly make?: typeof making
  readonly bar: (floor: number) => readonly [words: string, most: number]
  readonly assets: readonly string[]
  readonly floor: readonly [run: (cwd: string) => number, what: string]
}

async function measured(
  bench: Bench,
  { work, make = making, bar, assets, floor }: Work,
  times: number,
): Promise<Line> {
  const peak = peakOf(bench)
  const [[waybill = Number.NaN], [bare = Number.NaN]] = await alternate(
    { times, run: make(bench, 'slurm', assets, peak.env) },
    { times, run: inFolder(bench, floor[0]) },
  )
  const [words, most] = bar(bare)
  return { work, bar: words, met: waybill <= most, waybill, floor: [bare, floor[1]], peak: peak.mebibytes() }
}

const accounted = 'as many `sbatch`, until accounting has the ends'

/** Assets on Slurm, from the command to all recorded with what accounting says of them. */
export const assetsSlurm: Row = {
  name: 'assets-slurm',
  about: 'make assets on Slurm',
  run: async (bench) => {
    const { cheap, dear } = bench.sizes
    const place = (cwd: string) => ({ cwd, env: bench.env })
    const jobs =
      (count: number, seconds = 0) =>
      (cwd: string): number =>
        bareJobs(
          place(cwd),
          bench.fresh('bare'),
          names(count).map((name) => line(name, seconds)),
        )
    const chain = {
      assets: names(5).map((name, i) => asset(name, i === 0 ? {} : { more: `, needs: [a${i - 1}]` })),
      floor: [
        (cwd: string) =>
          bareChain(
            place(cwd),
            bench.fresh('bare'),
            names(5).map((name) => line(name)),
          ),
        'by dependencies',
      ],
      times: dear,
    } as const
    const works: readonly (Work & { readonly times: number })[] = [
      {
        work: 'one trivial asset on Slurm (quoted: dagster-slurm 12.2 s, AiiDA 3.3 s, Snakemake 13.6 s)',
        bar: (bare) => [`≤ 2 × bare (here ${duration(2 * bare)})`, 2 * bare],
        assets: names(1).map((name) => asset(name)),
        floor: [jobs(1), 'one `sbatch`, until accounting has its end'],
        times: cheap,
      },
      {
        work: '8 assets of 0.5 s on Slurm (quoted: dagster-slurm 23.4 s, AiiDA 8 s)',
        bar: () => ['≤ 1.5 s', 1.5],
        assets: names(8).map((name) => asset(name, { seconds: 0.5 })),
        floor: [jobs(8, 0.5), accounted],
        times: cheap,
      },
      {
        work: '100 trivial assets on Slurm (quoted: AiiDA 56 s)',
        bar: () => ['≤ 4 s', 4],
        assets: names(100).map((name) => asset(name)),
        floor: [jobs(100), accounted],
        times: dear,
      },
      {
        work: 'a chain of 5 assets on Slurm, watched (quoted: AiiDA 10.6 s)',
        bar: () => ['≤ 4 s', 4],
        ...chain,
      },
      {
        work: "a chain of 5 assets on Slurm, detached, to the end of `finish` called at the last job's end",
        make: detaching,
        bar: () => ['≤ 3.5 s', 3.5],
        ...chain,
      },
    ]
    const lines: Line[] = []
    for (const { times, ...one } of works) lines.push(await measured(bench, one, times))
    return { lines }
  },
}

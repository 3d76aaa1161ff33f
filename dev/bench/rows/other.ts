import { endedIn } from '../finishing.ts'
import { endedJobs } from '../jobs.ts'
import { alternate, timed, type Contender } from '../measure.ts'
import { peakOf } from '../peak.ts'
import type { Side } from '../bench.ts'
import type { Row } from '../row.ts'

const jobs = 5

/** A few jobs recorded by one merge, side by side. */
export const octopus: Row = {
  name: 'octopus',
  about: 'finish a few jobs by one merge',
  run: async (bench) => {
    const { files, dear } = bench.sizes
    const peak = peakOf(bench)
    const words = ['--octopus']
    const contender = async (side: Side, warmEnv = bench.env): Promise<Contender> => {
      const repository = bench.shared(files[0], side)
      await endedJobs(bench, side, repository, jobs)
      return endedIn(bench, repository).finish(side, dear, { words, warmEnv })
    }
    const theirs = await contender(bench.peer)
    const [[waybill = Number.NaN], [peer]] = await alternate(await contender(bench.waybill, peak.env), theirs)
    const work = `finish --octopus, ${jobs} jobs × 4 files + log`
    return { lines: [{ work, bar: '–', met: null, waybill, peer, peak: peak.mebibytes() }] }
  },
}

/** A command in the foreground, beside DataLad's. */
export const run: Row = {
  name: 'run',
  about: 'run a command in the foreground',
  run: async (bench) => {
    const { files, cheap } = bench.sizes
    const peak = peakOf(bench)
    for (const side of [bench.waybill, bench.peer]) bench.keep(bench.shared(files[0], side))
    const contender = (side: Side, options: readonly string[], warmEnv = bench.env): Contender => ({
      times: cheap,
      run: (warmUp) => {
        const output = `out/${bench.fresh('run')}.txt`
        const command = ['sh', '-c', `mkdir -p out && echo 1 > ${output}`]
        const place = { cwd: bench.shared(files[0], side), env: warmUp ? warmEnv : bench.env }
        return timed([...side.words, 'run', ...options, '-o', output, ...command], place)
      },
    })
    const [[waybill = Number.NaN], [peer]] = await alternate(
      contender(bench.waybill, [], peak.env),
      contender(bench.peer, ['--explicit']),
    )
    const work = '`waybill run`, a command that writes one line (DataLad: `run --explicit`)'
    return { lines: [{ work, bar: '–', met: null, waybill, peer, peak: peak.mebibytes() }] }
  },
}

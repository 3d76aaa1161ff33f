import type { Bench, Side } from '../bench.ts'
import { endedIn, type Ended } from '../finishing.ts'
import { endedJobs } from '../jobs.ts'
import { counted, duration, type Line } from '../line.ts'
import { alternate } from '../measure.ts'
import { peakOf } from '../peak.ts'
import type { Row } from '../row.ts'

/** The line about the user's next `git status`. */
export function statusLine(work: string, before = Number.NaN, after = Number.NaN, later = Number.NaN): Line {
  return {
    work: `\`git status\` right after: ${work}`,
    bar: `≤ 1.1 × before (the next one takes ${duration(later)})`,
    met: after <= 1.1 * before,
    waybill: after,
    floor: [before, 'before'],
  }
}

/** The line about a finish that is promised to cost so many times its floor, and some seconds more. */
export function finishLine(
  work: string,
  promise: readonly [factor: number, seconds: number],
  waybill = Number.NaN,
  floor = Number.NaN,
): Line & { readonly floor: readonly [number, string] } {
  const [factor, seconds] = promise
  const most = factor * floor + seconds
  return {
    work,
    bar: `≤ ${factor} × floor + ${seconds} s (here ${most.toFixed(2)} s)`,
    met: waybill <= most,
    waybill,
    floor: [floor, '`git annex add --batch`'],
  }
}

async function prepared(bench: Bench, side: Side, files: number, jobs: number): Promise<Ended> {
  const repository = bench.shared(files, side)
  bench.say(`  ${side.name}: ${jobs} jobs, ${counted(files)} files in the repository`)
  await endedJobs(bench, side, repository, jobs)
  return endedIn(bench, repository)
}

/** Many small jobs by one finish, side by side. */
export const finishJobs: Row = {
  name: 'finish-jobs',
  about: 'finish many jobs of four small files (one annexed) and a log',
  run: async (bench) => {
    const { files, finished, dear, peer: peerTimes } = bench.sizes
    const peak = peakOf(bench)
    const theirs = await prepared(bench, bench.peer, files[0], finished)
    const ours = await prepared(bench, bench.waybill, files[0], finished)
    const [[seconds, before, after, later], [floor], [peer]] = await alternate(
      ours.finish(bench.waybill, dear, { warmEnv: peak.env }),
      ours.floor(dear),
      theirs.finish(bench.peer, peerTimes, { warmUp: false }),
    )
    const what = `finish ${finished} jobs × 4 files + log (${ours.recorded()} files), ${counted(files[0])} in the repository`
    return {
      lines: [
        { ...finishLine(what, [1.3, 0.3], seconds, floor), peer, peak: peak.mebibytes() },
        statusLine(`${finished} jobs`, before, after, later),
      ],
    }
  },
}

/** The same in a large repository, beside the small one. */
export const finishLarge: Row = {
  name: 'finish-large',
  about: 'finish the same jobs in a large repository',
  run: async (bench) => {
    const { files, finished, dear, peer: peerTimes } = bench.sizes
    const [few, many] = files
    const peak = peakOf(bench)
    const theirs = await prepared(bench, bench.peer, many, finished)
    const small = await prepared(bench, bench.waybill, few, finished)
    const large = await prepared(bench, bench.waybill, many, finished)
    const [[base = Number.NaN], [waybill = Number.NaN, before, after, later], [floor], [peer]] =
      await alternate(
        small.finish(bench.waybill, dear),
        large.finish(bench.waybill, dear, { warmEnv: peak.env }),
        large.floor(dear),
        theirs.finish(bench.peer, peerTimes, { warmUp: false }),
      )
    const most = 1.1 * base + 0.3
    return {
      lines: [
        {
          work: `finish ${finished} jobs × 4 files + log, ${counted(many)} in the repository`,
          bar: `≤ 1.1 × that of ${counted(few)} files + 0.3 s (here ${most.toFixed(2)} s)`,
          met: waybill <= most,
          waybill,
          floor: [floor, '`git annex add --batch`'],
          peer,
          peak: peak.mebibytes(),
        },
        statusLine(`${finished} jobs, ${counted(many)} files`, before, after, later),
      ],
    }
  },
}

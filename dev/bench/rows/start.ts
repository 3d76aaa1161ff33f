import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Line } from '../line.ts'
import { alternate, timed } from '../measure.ts'
import { peakOf } from '../peak.ts'
import type { Row } from '../row.ts'

/** What it takes to start, for each form of the command that is built. */
export const start: Row = {
  name: 'start',
  about: 'start the command',
  run: async (bench) => {
    const { files, cheap } = bench.sizes
    const place = { cwd: bench.shared(files[0]), env: bench.env }
    const alone = join(bench.dist, 'waybill')
    const forms = [
      { name: 'node dist/waybill.cjs', words: bench.waybill.words },
      ...(existsSync(alone)
        ? [{ name: `dist/waybill, ${(statSync(alone).size / 2 ** 20).toFixed(0)} MiB`, words: [alone] }]
        : []),
    ]
    const lines: Line[] = []
    for (const { name, words } of forms) {
      for (const args of [['--version'], ['jobs']]) {
        const peak = peakOf(bench)
        const [[waybill = Number.NaN], [bare]] = await alternate(
          {
            times: cheap,
            run: (warmUp) => timed([...words, ...args], warmUp ? { ...place, env: peak.env } : place),
          },
          { times: cheap, run: () => timed([process.execPath, '-e', '0'], place) },
        )
        lines.push({
          work: `start: \`waybill ${args.join(' ')}\`${args[0] === 'jobs' ? ', none' : ''} (${name})`,
          bar: '–',
          met: null,
          waybill,
          floor: [bare, '`node -e 0`'],
          peak: peak.mebibytes(),
        })
      }
    }
    return { lines }
  },
}

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { demand } from '../../setup/command.ts'
import type { Line } from '../line.ts'
import { alternate, timed, type Contender } from '../measure.ts'
import { peakOf } from '../peak.ts'
import type { Row } from '../row.ts'

/** What it takes to start, for the package and for the executable where that is built. */
export const start: Row = {
  name: 'start',
  about: 'start the command',
  run: async (bench) => {
    const { files, cheap } = bench.sizes
    const cwd = bench.shared(files[0])
    const executable = join(bench.dist, 'waybill')
    const built = existsSync(executable)
    const starting = (words: readonly string[], env = bench.env): Contender => ({
      times: cheap,
      run: (warmUp) => timed(words, { cwd, env: warmUp ? env : bench.env }),
    })
    const lines: Line[] = []
    for (const args of ['--version', 'jobs']) {
      const peaks = [peakOf(bench), peakOf(bench)] as const
      const [[asPackage = Number.NaN], [alone = Number.NaN], [bare]] = await alternate(
        starting([...bench.waybill.words, args], peaks[0].env),
        { ...starting([executable, args], peaks[1].env), ...(built ? {} : { times: 0 }) },
        starting([process.execPath, '-e', '0']),
      )
      const line = (form: string, waybill: number, peak: number | undefined): Line => ({
        work: `start: \`waybill ${args}\`${args === 'jobs' ? ', none' : ''} (${form})`,
        bar: '–',
        met: null,
        waybill,
        floor: [bare, '`node -e 0`'],
        peak,
      })
      lines.push(line('`node dist/waybill.cjs`', asPackage, peaks[0].mebibytes()))
      if (built) lines.push(line('`dist/waybill`', alone, peaks[1].mebibytes()))
    }
    return { lines, ...(built ? { below: [sizes(executable, bench.sizes.packed)] } : {}) }
  },
}

function sizes(executable: string, packed: boolean): string {
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
  const xz = (): string => demand('sh', ['-c', 'xz -T0 -c "$1" | wc -c', 'sh', executable])
  const small = packed ? `, by \`xz\` ${mb(Number(xz()))}` : ''
  return `\`dist/waybill\` has ${mb(statSync(executable).size)}${small}; Node alone ${mb(statSync(process.execPath).size)}.`
}

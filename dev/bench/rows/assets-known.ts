import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Hindrance } from '../../setup/command.ts'
import { assetsProject, names, output } from '../assets.ts'
import { duration, type Line } from '../line.ts'
import { interruption, median } from '../measure.ts'
import { removeFolders } from '../repository.ts'
import type { Row } from '../row.ts'

/** Seconds between two ends. */
const apart = 0.4

/** From the end of a payload on Slurm to the line that says it is recorded, facts and all, for jobs that end one by one. */
export const assetsKnown: Row = {
  name: 'assets-known',
  about: 'how soon ends on Slurm are recorded and shown',
  run: async (bench) => {
    const all = names(bench.sizes.known)
    // The payload's own last act is to say when it ended.
    const assets = all.map((name, i) => {
      const line = `sleep ${(2 + i * apart).toFixed(1)}; date +%s.%N > ${output(name)}`
      return `  ${name}: { outputs: [${output(name)}], run: "${line}" }\n`
    })
    const folder = assetsProject(bench, 'slurm', assets)
    try {
      const [program = '', ...args] = bench.waybill.words
      const child = spawn(program, [...args, 'materialize', '--json'], {
        cwd: folder,
        env: bench.env,
        stdio: ['ignore', 'pipe', 'inherit'],
        signal: interruption.signal,
      })
      const shown = new Map<string, number>()
      const submitted = new Map<unknown, string>()
      for await (const text of createInterface({ input: child.stdout })) {
        const { action, status, job, asset } = JSON.parse(text) as {
          readonly [key in 'action' | 'status' | 'job' | 'asset']?: string
        }
        if (action === 'schedule' && asset !== undefined) submitted.set(job, asset)
        const name = submitted.get(job)
        if (action === 'save' && status === 'ok' && name !== undefined) shown.set(name, Date.now() / 1000)
      }
      if (child.exitCode === null) await once(child, 'exit')
      const waits = all.map((name) => {
        const at = shown.get(name)
        if (at === undefined) throw new Hindrance(`${name} was not recorded`)
        return at - Number(readFileSync(join(folder, output(name)), 'utf8'))
      })
      const ordered = waits.toSorted((a, b) => a - b)
      const late = ordered[Math.ceil(0.99 * ordered.length) - 1] ?? Number.NaN
      const line = (which: string, waybill: number, bar: number): Line => ({
        work: `from a payload's end on Slurm to recorded with facts and shown, ${which} of ${all.length} that end ${apart} s apart (quoted: dagster-slurm 2.9 s)`,
        bar: `≤ ${duration(bar)}`,
        met: waybill <= bar,
        waybill,
      })
      return { lines: [line('median', median(waits), 0.3), line('99th of a hundred', late, 1)] }
    } finally {
      removeFolders(folder)
    }
  },
}

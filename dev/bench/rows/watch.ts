import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { heldJob, scheduleAll } from '../jobs.ts'
import { jobRequests } from '../job-requests.ts'
import { interruption, type Place } from '../measure.ts'
import type { Row } from '../row.ts'

/** What many terminals that watch cost the controller. */
export const watch: Row = {
  name: 'watch',
  about: 'what terminals that watch ask of the controller',
  run: async (bench) => {
    const place = { cwd: bench.shared(bench.sizes.files[0]), env: bench.env }
    const jobs = Array.from({ length: 5 }, () => heldJob(bench.fresh('results/watch')))
    scheduleAll(bench.waybill, jobs, place)
    const rows: string[] = []
    for (const terminals of [1, 10]) {
      const asked = await askedBy(bench, place, terminals)
      rows.push(`| ${terminals} | ${asked} | ${((asked / bench.sizes.watch) * 60).toFixed(1)} |`)
    }
    return {
      below: [
        `\`waybill jobs --watch\` in one repository with ${jobs.length} open jobs that do not change, for ${bench.sizes.watch} s ` +
          'from its start: requests for job information that the controller counted (`sdiag`).',
        '',
        '| terminals | requests | a minute |',
        '|---|---|---|',
        ...rows,
      ],
    }
  },
}

async function askedBy({ waybill, sizes, say }: Bench, place: Place, terminals: number): Promise<number> {
  say(`  ${terminals} watching for ${sizes.watch} s`)
  const before = jobRequests(place)
  const [program = '', ...args] = waybill.words
  const children: readonly ChildProcess[] = Array.from({ length: terminals }, () =>
    spawn(program, [...args, 'jobs', '--watch'], { ...place, stdio: 'ignore' }),
  )
  try {
    await after(sizes.watch * 1000, undefined, { signal: interruption.signal })
    if (!children.every(runs)) throw new Error('a terminal watches no more')
    return jobRequests(place) - before
  } finally {
    for (const child of children.filter(runs)) {
      child.kill('SIGINT')
      await once(child, 'exit')
    }
  }
}

function runs({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

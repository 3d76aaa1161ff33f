import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { Hindrance } from '../../setup/command.ts'
import { assetsProject, makeFolders, names } from '../assets.ts'
import { bareArray } from '../bare-slurm.ts'
import { jobRequests } from '../job-requests.ts'
import { counted, duration } from '../line.ts'
import { alternate, interruption, succeed, type Place } from '../measure.ts'
import { removeFolders } from '../repository.ts'
import type { Row } from '../row.ts'

/** One asset of so many keys, which makes `out/0/KEY.txt` of each. */
function keyed(keys: number, more = ''): string {
  const all = names(keys).map((name) => `k${name}`)
  return `  parts: { outputs: ["out/0/{k}.txt"], partitions: { k: [${all.join(', ')}] }, run: "echo {k} > out/0/{k}.txt"${more} }\n`
}

/** Very many keys of one asset, beside a bare array of as many tasks. */
export const assetsKeys: Row = {
  name: 'assets-keys',
  about: 'make very many keys of one asset on Slurm',
  run: async (bench) => {
    const { keys } = bench.sizes
    const make = (): number => {
      const folder = assetsProject(bench, 'slurm', [keyed(keys)])
      const begun = performance.now()
      succeed([...bench.waybill.words, 'materialize'], { cwd: folder, env: bench.env })
      const seconds = (performance.now() - begun) / 1000
      const made =
        succeed(['git', 'ls-files', 'out/0'], { cwd: folder, env: bench.env }).split('\n').length - 2
      removeFolders(folder)
      if (made !== keys) throw new Hindrance(`${made} of ${keys} keys were recorded`)
      return seconds
    }
    const bare = (): number => {
      const cwd = join(bench.folder, bench.fresh('bare'))
      makeFolders(cwd, 1)
      const line = 'echo $SLURM_ARRAY_TASK_ID > out/0/$SLURM_ARRAY_TASK_ID.txt'
      const seconds = bareArray({ cwd, env: bench.env }, bench.fresh('bare'), keys, line)
      removeFolders(cwd)
      return seconds
    }
    const [[floor = Number.NaN], [waybill = Number.NaN]] = await alternate(
      { times: 1, warmUp: false, run: bare },
      { times: 1, warmUp: false, run: make },
    )
    return {
      lines: [
        {
          work: `${counted(keys)} partitions of one asset on Slurm`,
          bar: '≤ 1.2 × a bare array of as many',
          met: waybill <= 1.2 * floor,
          waybill,
          floor: [floor, '`sbatch --array`, until accounting has all ends'],
        },
      ],
    }
  },
}

/** What a run costs while very many jobs are in flight and nothing happens to them. */
export const assetsFlight: Row = {
  name: 'assets-flight',
  about: 'drive very many jobs in flight',
  run: async (bench) => {
    const { flight, watch } = bench.sizes
    const folder = assetsProject(bench, 'slurm', [keyed(flight, ', slurm: { begin: now+1day }')])
    const place = { cwd: folder, env: bench.env }
    const [program = '', ...args] = bench.waybill.words
    const child = spawn(program, [...args, 'materialize'], { ...place, stdio: 'ignore' })
    const ended = once(child, 'exit')
    try {
      bench.say(`  submitting ${counted(flight)}`)
      await Promise.race([submitted(place, flight), ended])
      if (child.exitCode !== null) throw new Hindrance('the run has ended before all was submitted')
      // The turn that submitted them ends, and the first looks are close together.
      await after(10_000, undefined, { signal: interruption.signal })
      const [cpu, asked, began] = [cpuSeconds(child.pid), jobRequests(place), performance.now()]
      await after(watch * 1000, undefined, { signal: interruption.signal })
      if (child.exitCode !== null) throw new Hindrance('the run has ended')
      const seconds = (performance.now() - began) / 1000
      const share = (cpuSeconds(child.pid) - cpu) / seconds
      const looks = jobRequests(place) - asked
      const peak =
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
      const met = (yes: boolean): string => (yes ? '✓' : '✗ **missed**')
      return {
        below: [
          `Driving ${counted(flight)} keys in flight that do not change, from 10 s after the last was submitted, for ${watch} s:`,
          '',
          '| what | bar | measured |',
          '|---|---|---|',
          `| peak memory, submitting included | ≤ 200 MiB ${met(peak <= 200)} | ${peak.toFixed(0)} MiB |`,
          `| of a core | ≤ 5 % ${met(share <= 0.05)} | ${(share * 100).toFixed(1)} % |`,
          `| requests for job information that the controller counted (\`sdiag\`) | ≤ 60 in the first hour ${met(looksOfAnHour <= 60)} | ${looks} in ${duration(seconds)}; by the spacing rule ${looksOfAnHour} in the first hour |`,
        ],
      }
    } finally {
      child.kill('SIGINT')
      await after(2000)
      child.kill('SIGKILL')
      await ended
      removeFolders(folder)
    }
  },
}

// Half of a job's age lies between two looks, 0.05 s at least and 100 s at most.
const looksOfAnHour = ((): number => {
  let looks = 0
  for (let age = 0; age < 3600; looks++) age += Math.min(100, Math.max(0.05, age / 2))
  return looks
})()

async function submitted(place: Place, keys: number): Promise<void> {
  const count = (): number =>
    succeed(['squeue', '--me', '-h', '-r', '-o', '%i'], place).split('\n').length - 1
  while (count() < keys) await after(500, undefined, { signal: interruption.signal })
}

// User and system time, in ticks of 10 ms: fields 14 and 15 of /proc/PID/stat.
function cpuSeconds(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

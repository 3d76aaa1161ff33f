import type { Side } from '../bench.ts'
import { endedJobs, heldJob, scheduleWords } from '../jobs.ts'
import { someInput } from '../repository.ts'
import type { Row } from '../row.ts'
import { families, traced, type Counts, type Family, type Trace } from '../trace.ts'

const jobs = 10
const columns = Object.keys(families) as readonly Family[]

/** System calls that a file system with a server answers slowly, for each job. */
export const operations: Row = {
  name: 'operations',
  about: 'metadata operations per job, by strace',
  run: async (bench) => {
    const [files] = bench.sizes.files
    const sides: readonly Side[] = [bench.waybill, bench.peer]
    const scheduled = sides.map((side) => {
      const place = { cwd: bench.shared(files, side), env: bench.env }
      const words = (): readonly string[] =>
        scheduleWords(side, { ...heldJob(bench.fresh('results/traced')), inputs: [someInput] })
      // The first makes the ledger.
      traced(words(), place, bench.folder)
      return traced(words(), place, bench.folder)
    })
    const bare = traced(
      ['sbatch', '--hold', '-o', '/dev/null', 'job.sh', 'results/x'],
      { cwd: bench.shared(files), env: bench.env },
      bench.folder,
    )
    bench.tidy()
    const finished: Trace[] = []
    for (const side of sides) {
      const repository = bench.shared(files, side)
      await endedJobs(bench, side, repository, jobs)
      bench.keep(repository)
      finished.push(
        traced([...side.words, `${side.prefix}finish`], { cwd: repository, env: bench.env }, bench.folder),
      )
    }
    const rows = (work: string, [ours, theirs]: readonly Trace[], over: number): readonly string[] => [
      ...(ours === undefined
        ? []
        : [
            row(work, 'Waybill, all processes', ours.all, over, ours.programs.length),
            row('', 'its own process', ours.own, over, 1),
          ]),
      ...(theirs === undefined
        ? []
        : [row('', 'datalad-slurm, all processes', theirs.all, over, theirs.programs.length)]),
    ]
    return {
      below: [
        'Metadata operations per job, counted by `strace -f`, those that fail and those of starting programs included:',
        '',
        `| work | who | ${columns.join(' | ')} | programs started |`,
        `|---|---|${columns.map(() => '---|').join('')}---|`,
        row('submit one job', 'bare `sbatch`', bare.all, 1, bare.programs.length),
        ...rows('schedule one job', scheduled, 1),
        ...rows(`finish ${jobs} jobs × 4 files + log`, finished, jobs),
      ],
    }
  },
}

function row(work: string, who: string, counts: Counts, over: number, programs: number): string {
  const each = (value: number): string => (over === 1 ? String(value) : (value / over).toFixed(1))
  return `| ${[work, who, ...columns.map((name) => each(counts[name])), each(programs)].join(' | ')} |`
}

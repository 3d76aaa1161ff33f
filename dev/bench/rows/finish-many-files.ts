import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench, Side } from '../bench.ts'
import { endedIn, type Ended } from '../finishing.ts'
import { accounted, scheduleWords } from '../jobs.ts'
import { counted } from '../line.ts'
import { alternate, timed } from '../measure.ts'
import { peakOf } from '../peak.ts'
import type { Row } from '../row.ts'
import { finishLine, statusLine } from './finish.ts'

// One job that declares `out` and has ended; `tasks` is how many tasks it has.
async function prepared(
  bench: Bench,
  side: Side,
  tasks: number,
  command: (name: string) => readonly string[],
): Promise<Ended> {
  const repository = bench.shared(bench.sizes.files[0], side)
  const place = { cwd: repository, env: bench.env }
  const name = bench.fresh('many')
  mkdirSync(join(repository, 'out'), { recursive: true })
  timed(scheduleWords(side, { command: command(name), outputs: ['out'] }), place)
  await accounted(place, name, tasks)
  return endedIn(bench, repository)
}

/** One job that made many files. */
export const finishOutputs: Row = {
  name: 'finish-files',
  about: 'finish one job of many files',
  run: async (bench) => {
    const { outputs, dearest, peer: peerTimes } = bench.sizes
    const peak = peakOf(bench)
    const command = (name: string): readonly string[] => [
      'sbatch',
      '-J',
      name,
      '-o',
      'out/log.%j',
      'many.sh',
      String(outputs),
    ]
    bench.say(`  a job that writes ${counted(outputs)} files`)
    const theirs = await prepared(bench, bench.peer, 1, command)
    const ours = await prepared(bench, bench.waybill, 1, command)
    const [[seconds, before, after, later], [floor], [peer]] = await alternate(
      ours.finish(bench.waybill, dearest, { warmEnv: peak.env }),
      { ...ours.floor(dearest), warmUp: false },
      theirs.finish(bench.peer, peerTimes, { warmUp: false }),
    )
    const work = `finish one job of ${counted(outputs)} files, half of them annexed`
    return {
      lines: [
        { ...finishLine(work, [1.2, 1], seconds, floor), peer, peak: peak.mebibytes() },
        statusLine(`one job of ${counted(outputs)} files`, before, after, later),
      ],
    }
  },
}

/** An array whose tasks made a file and a log each. */
export const finishArray: Row = {
  name: 'finish-array',
  about: 'finish an array of many tasks',
  run: async (bench) => {
    const { finishedTasks, dearest } = bench.sizes
    const peak = peakOf(bench)
    bench.say(`  an array of ${counted(finishedTasks)} tasks; Slurm runs about 50 a second`)
    const ours = await prepared(bench, bench.waybill, finishedTasks, (name) => [
      'sbatch',
      '-J',
      name,
      `--array=0-${finishedTasks - 1}`,
      '-o',
      'out/log.%a',
      'task.sh',
    ])
    const [[seconds, before, after, later], [floor]] = await alternate(
      ours.finish(bench.waybill, dearest, { warmEnv: peak.env }),
      { ...ours.floor(dearest), warmUp: false },
    )
    const work = `finish an array of ${counted(finishedTasks)} tasks, a file and a log each`
    return {
      lines: [
        { ...finishLine(work, [1.2, 1], seconds, floor), peak: peak.mebibytes() },
        statusLine(`an array of ${counted(finishedTasks)} tasks`, before, after, later),
      ],
    }
  },
}

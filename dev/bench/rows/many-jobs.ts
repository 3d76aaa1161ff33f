import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { line, makeFolders, names, output } from '../assets.ts'
import { addAll } from '../finishing.ts'
import { counted, type Line } from '../line.ts'
import { succeed, timed } from '../measure.ts'
import { peakOf } from '../peak.ts'
import { makeRepository, removeFolders } from '../repository.ts'
import type { Row } from '../row.ts'
import { until } from '../../setup/command.ts'

/** Very many jobs of this machine, one file each: what scheduling, listing and finishing them takes in memory. */
export const manyJobs: Row = {
  name: 'many-jobs',
  about: 'schedule, list and finish very many jobs of this machine',
  run: async (bench) => {
    const count = bench.sizes.many
    const folder = join(bench.folder, bench.fresh('many-jobs'))
    makeRepository(folder, bench.env, bench.sizes.files[0])
    makeFolders(folder, count)
    const all = names(count)
    const paths = all.map(output)
    const isThere = (path: string): boolean => existsSync(join(folder, path))
    const place = { cwd: folder, env: bench.env }
    succeed(['sh', '-c', 'git add . && git commit -q -m folders'], place)
    const wishes = all.map((name) => ({
      command: ['sh', '-c', line(name)],
      scheduler: 'local',
      outputs: [output(name)],
    }))
    const input = wishes.map((wish) => `${JSON.stringify(wish)}\n`).join('')
    const run = (words: readonly string[], text?: string): readonly [seconds: number, peak: number] => {
      const peak = peakOf(bench)
      const seconds = timed([...bench.waybill.words, ...words], { cwd: folder, env: peak.env }, text)
      return [seconds, peak.mebibytes() ?? Number.NaN]
    }
    const [scheduling, schedulingPeak] = run(['schedule', '--batch', '-'], input)
    bench.say(`  ${counted(count)} jobs run`)
    const jobs = [...bench.waybill.words, 'jobs', '--json']
    await until(`${counted(count)} jobs have written`, 1_800_000, () => paths.every(isThere) || undefined)
    // The first list reads what each of them left; the next ones know it.
    const [listing, listingPeak] = run(['jobs'])
    await until('their ends are known', 60_000, () => {
      const listed = succeed(jobs, place).trim().split('\n')
      return listed.every((job) => job.includes('"state":"ended"')) || undefined
    })
    const [finishing, finishingPeak] = run(['finish'])
    const floor = addAll(bench, folder, paths)
    removeFolders(folder)
    const told = (what: string, waybill: number, peak: number): Line => ({
      work: `${what} ${counted(count)} jobs of this machine, a file each`,
      bar: '≤ 150 MiB',
      met: peak <= 150,
      waybill,
      peak,
    })
    return {
      lines: [
        told('schedule --batch,', scheduling, schedulingPeak),
        told('list', listing, listingPeak),
        { ...told('finish', finishing, finishingPeak), floor: [floor, '`git annex add --batch`'] },
      ],
    }
  },
}

import { expect, test } from 'vitest'
import { slurmWitness } from './support/after-kill.ts'
import { killEverywhere } from './support/kill-harness.ts'
import { addFiles, finish, sandboxWithDataset, scheduleToEnd, tell } from './support/scenario.ts'
import { everyPoint, keepTemplate, restore, sweepLimit, textAt, whole } from './support/template.ts'

const binary = (byte: number): Buffer => Buffer.alloc(3000, byte).fill(0, 0, 10)

test(
  'reschedule --as-recorded killed at any call: each file is whole, and the next one goes on',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await addFiles(box, 'ds', { 'a.txt': 'first\n', 'b.txt': 'first\n', 'c.bin': binary(1) })
    const name = `r${process.pid}-${Date.now().toString(36)}`
    const inputs = ['-i', 'a.txt', '-i', 'b.txt', '-i', 'c.bin']
    const work = 'cat a.txt b.txt c.bin >out; date +%N >>out'
    await scheduleToEnd(box, [...inputs, '-o', 'out', 'sbatch', 'job.sh', work])
    await finish(box)
    const original = await box.git('ds', 'rev-parse', 'HEAD')
    await box.run(['git', 'rm', '-q', 'c.bin'], { cwd: 'ds' })
    await addFiles(box, 'ds', { 'a.txt': 'second\n', 'b.txt': 'second\n', 'c.bin': binary(2) })
    await keepTemplate(box)
    const witness = slurmWitness(box)
    let attempt = 0
    let half = 0
    const report = await killEverywhere(box, {
      points: 7,
      // The renames are what counts, and few of all the calls.
      ...(everyPoint ? {} : { calls: ['rename', 'symlink', 'execve', 'vfork', 'mkdir', 'unlink'] }),
      prepare: async () => {
        for (const id of await witness.ids(`${name}-${attempt}`)) await witness.ended(id)
        await restore(box)
        attempt += 1
        return { job: `${name}-${attempt}` }
      },
      command: ({ job }) => ({
        words: ['waybill', 'reschedule', '--as-recorded', original, '--', `--job-name=${job}`],
        options: { cwd: 'ds' },
      }),
      check: async ({ job }) => {
        const put = [
          ...['a.txt', 'b.txt'].map((path) => textAt(box, path)),
          textAt(box, 'c.bin') === binary(1).toString() ? 'first\n' : 'second\n',
        ]
        for (const text of put) expect(['first\n', 'second\n']).toContain(text)
        if (new Set(put).size === 2) half += 1
        expect([binary(1).toString(), binary(2).toString()]).toContain(textAt(box, 'c.bin'))
        let ids = await witness.ids(job)
        if (ids.length === 0) {
          const told = await tell(box, ['reschedule', '--as-recorded', original, '--', `--job-name=${job}`])
          expect(told.code, told.stdout + told.stderr).toBe(0)
          ids = await witness.ids(job)
        }
        expect(ids).toHaveLength(1)
        await witness.ended(ids[0] ?? '')
        expect(textAt(box, 'out').startsWith('first\nfirst\n')).toBe(true)
        await finish(box)
        expect(textAt(box, 'c.bin')).toBe(binary(1).toString())
        await whole(box)
      },
    })
    if (everyPoint) process.stderr.write(`${report.tried.length} of ${report.counted}, ${half} half done\n`)
    expect(report.tried.filter((one) => one.died).length).toBeGreaterThan(report.tried.length / 4)
  },
)

import { expect, test } from 'vitest'
import { openInLedger } from './support/after-kill.ts'
import { allRecorded, threeEndedJobs, usersOwn } from './support/ended-jobs.ts'
import { status, tell } from './support/scenario.ts'
import { smallDisk } from './support/small-disk.ts'
import { everyPoint, sweepLimit } from './support/template.ts'
import { canSwitch } from './support/users.ts'

/** kB that are left when finish begins: at each it runs out in another place. */
const left = everyPoint ? Array.from({ length: 60 }, (_, n) => n * 16) : [0, 32, 160, 240, 400]

test.runIf(canSwitch())(
  'finish on a disk that fills up anywhere: it says so, loses nothing, and works when there is room',
  { timeout: sweepLimit },
  async () => {
    const { box, ids } = await threeEndedJobs()
    await using _ = box
    await using disk = await smallDisk(box, 40, 'ds')
    const sums =
      'cat a/big.bin a/same.bin a/plain.txt a/new.bin b/c/x b/y.bin c/t-1/x c/t-2/x user.txt | sha256sum'
    const ends = new Map<number, number>()
    for (const kilobytes of left) {
      await box.run(['sh', '-c', 'chmod -R u+w ds/.git; find ds -mindepth 1 -delete; cp -a template/. ds/'])
      await box.git('ds', 'status', '-s')
      const before = await box.run(['sh', '-c', sums], { cwd: 'ds' })
      await disk.fill(kilobytes)
      // git-annex itself may take more than a minute to see that its database cannot be written.
      const told = await tell(box, ['finish'], { limitMs: 200_000 })
      const about = `${kilobytes} kB left: ${told.stdout}${told.stderr}`
      ends.set(kilobytes, told.code)
      if (told.code !== 0) {
        expect(told.code, about).toBe(1)
        expect(told.words, about).toContain('no space left')
        expect(told.stderr, about).not.toMatch(/\n {4}at /)
      }
      expect((await box.run(['sh', '-c', sums], { cwd: 'ds' })).stdout, about).toBe(before.stdout)
      await disk.free()
      if (told.code !== 0) expect((await openInLedger(box)).length, about).toBeGreaterThan(0)
      await allRecorded(box, ids)
      expect(await status(box), about).toBe(usersOwn)
      expect((await box.run(['sh', '-c', sums], { cwd: 'ds' })).stdout, about).toBe(before.stdout)
    }
    if (everyPoint) process.stderr.write(`${JSON.stringify(Object.fromEntries(ends))}\n`)
    expect([...ends.values()]).toContain(1)
    expect([...ends.values()]).toContain(0)
  },
)

import { expect } from 'vitest'
import type { Sandbox } from './sandbox.ts'
import { addFiles, openJobs, sandboxWithDataset, tell } from './scenario.ts'
import { keepTemplate, recordsByJob, scheduleAllToEnd, textAt, whole } from './template.ts'

const binary = (byte: number): Buffer => Buffer.alloc(3000, byte).fill(0, 0, 10)

/** Three jobs that have ended, one an array; annexed and plain files, new, changed and deleted; the user at work too. */
export async function threeEndedJobs(): Promise<{ readonly box: Sandbox; readonly ids: readonly string[] }> {
  const box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'a/big.bin': binary(1),
    'a/same.bin': binary(2),
    'a/gone.bin': binary(3),
    'a/gone.txt': 'old\n',
    'a/plain.txt': 'old\n',
    'user.txt': 'old\n',
    'staged.txt': 'old\n',
  })
  const make = 'head -c 3000 /dev/zero | tr "\\0" "\\377" >'
  const first = `echo more >>a/big.bin; rm a/gone.bin a/gone.txt; echo new >a/plain.txt; ${make}a/new.bin`
  const ids = await scheduleAllToEnd(box, [
    ['-o', 'a', 'sbatch', 'job.sh', first],
    ['-o', 'b', 'sbatch', 'job.sh', `mkdir -p b/c; echo 1 >b/c/x; ${make}b/y.bin`],
    [
      '-o',
      'c/t-*',
      'sbatch',
      '--array=1-2',
      'job.sh',
      'mkdir -p c/t-$SLURM_ARRAY_TASK_ID; echo 1 >c/t-$SLURM_ARRAY_TASK_ID/x',
    ],
  ])
  box.write('ds/user.txt', 'mine\n')
  box.write('ds/staged.txt', 'mine\n')
  box.write('ds/added.txt', 'mine\n')
  box.write('ds/loose.txt', 'mine\n')
  await box.git('ds', 'add', 'staged.txt', 'added.txt')
  await keepTemplate(box)
  return { box, ids }
}

/** What `git status` says of the user's own work in those, before and after. */
export const usersOwn = 'A  added.txt\nM  staged.txt\n M user.txt\n?? loose.txt'

/** All that must hold once a `finish` has come to its end, wherever one before it died. */
export async function allRecorded(box: Sandbox, ids: readonly string[]): Promise<void> {
  const again = await tell(box, ['finish'])
  expect(again.code, again.stdout + again.stderr).toBe(0)
  expect(await recordsByJob(box)).toEqual(Object.fromEntries(ids.map((id) => [id, 1])))
  expect(await openJobs(box)).toEqual([])
  const tracked = (await box.git('ds', 'ls-tree', '-r', '--name-only', 'HEAD')).split('\n')
  for (const path of [
    'a/big.bin',
    'a/same.bin',
    'a/plain.txt',
    'a/new.bin',
    'b/c/x',
    'b/y.bin',
    'c/t-1/x',
    'c/t-2/x',
  ]) {
    expect(tracked).toContain(path)
    expect(box.exists(`ds/${path}`), `${path} is there`).toBe(true)
  }
  expect(tracked).not.toContain('a/gone.txt')
  expect(tracked).not.toContain('a/gone.bin')
  expect(textAt(box, 'a/big.bin').endsWith('more\n')).toBe(true)
  expect(textAt(box, 'a/plain.txt')).toBe('new\n')
  for (const id of [ids[0], ids[1]]) expect(tracked).toContain(`slurm-${id}.out`)
  await whole(box)
}

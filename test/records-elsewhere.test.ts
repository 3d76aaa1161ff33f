import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

/** What `show --json` says of a record. */
interface Shown {
  readonly commit: string
  readonly record: { readonly slurm_job_id: number }
  readonly made: readonly { readonly path: string }[]
}

const work = 'mkdir -p "$1"; date +%N >"$1/a"; printf "\\0\\1" >"$1/b.bin"'

/** Jobs of every way to give sbatch a script that no tree holds, and one whose script is committed. */
const ways: readonly {
  readonly name: string
  readonly words: readonly string[]
  readonly input?: string
  readonly copied: boolean
}[] = [
  { name: 'committed', words: ['job.sh', work.replaceAll('$1', 'committed')], copied: false },
  { name: 'wrapped', words: ['--wrap', work.replaceAll('$1', 'wrapped')], copied: false },
  {
    name: 'typed',
    words: ['-o', 'typed.log'],
    input: `#!/bin/sh\n${work.replaceAll('$1', 'typed')}\n`,
    copied: true,
  },
  { name: 'loose', words: ['loose.sh'], copied: true },
  { name: 'outside', words: ['../outside.sh'], copied: true },
]

let box: Sandbox
const commits = new Map<string, { readonly commit: string; readonly id: number }>()

beforeAll(async () => {
  box = await sandboxWithDataset()
  await addFiles(box, 'ds', { '.gitignore': 'loose.sh\n' })
  box.write('ds/loose.sh', `#!/bin/sh\n${work.replaceAll('$1', 'loose')}\n`)
  box.write('outside.sh', `#!/bin/sh\n${work.replaceAll('$1', 'outside')}\n`)
  for (const { name, words, input } of ways) {
    const options = input === undefined ? {} : { input }
    const { id } = await scheduleToEnd(box, ['-o', name, 'sbatch', ...words], options)
    await finish(box)
    commits.set(name, { commit: await box.git('ds', 'rev-parse', 'HEAD'), id })
  }
  await box.git('ds', 'reflog', 'expire', '--expire=now', '--all')
  await box.git('ds', 'gc', '-q', '--prune=now')
  await box.run(['git', 'init', '-q', '--bare', 'remote.git'])
  await box.git('ds', 'remote', 'add', 'origin', box.path('remote.git'))
  await box.git('ds', 'push', '-q', 'origin', 'main', 'git-annex')
  await box.git('.', 'clone', '-q', 'remote.git', 'elsewhere')
})
afterAll(async () => box.dispose())

function recorded(name: string): { readonly commit: string; readonly id: number } {
  const found = commits.get(name)
  if (found === undefined) throw new Error(`no job ${name}`)
  return found
}

async function show(target: string, cwd = 'elsewhere'): Promise<Shown> {
  const ran = await box.waybill(['show', '--json', target], { cwd })
  return JSON.parse(ran.stdout) as Shown
}

/** Runs a record again in the clone and records it; gives the changes of the new commit. */
async function repeat(revision: string): Promise<readonly string[]> {
  const told = await tell(box, ['reschedule', revision], { cwd: 'elsewhere' })
  const id = told.results.find(({ slurm_job_id: job }) => job !== undefined)?.slurm_job_id
  if (told.code !== 0 || id === undefined) throw new Error(told.stdout + told.stderr)
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await finish(box, [], 'elsewhere')
  return changesOf(box, 'HEAD', 'elsewhere')
}

describe('in a clone on another machine', () => {
  test('a record is shown by commit, by Slurm id, and by a file that it made', async () => {
    const { commit, id } = recorded('wrapped')
    const shown = await show(commit)
    expect(shown).toMatchObject({ commit, record: { slurm_job_id: id } })
    expect(shown.made.map(({ path }) => path)).toEqual(expect.arrayContaining(['wrapped/a', 'wrapped/b.bin']))
    expect(await show(commit.slice(0, 9))).toEqual(shown)
    expect(await show(String(id))).toEqual(shown)
    expect(await show('wrapped/b.bin')).toEqual(shown)
  })

  test.each(ways.filter(({ copied }) => copied))(
    'the text of a $name script is in the record',
    async ({ name }) => {
      const { commit } = recorded(name)
      const { record } = await recordOf(box, commit, 'elsewhere')
      const script = record.waybill['script'] as { readonly copy: string; readonly blob: string }
      expect(script.copy).toBe(`.waybill/scripts/${script.blob.slice(0, 16)}`)
      const text = await box.git('elsewhere', 'cat-file', 'blob', `${commit}:${script.copy}`)
      expect(text).toBe(`#!/bin/sh\n${work.replaceAll('$1', name)}`)
      expect(box.read(`elsewhere/${script.copy}`)).toBe(`${text}\n`)
    },
  )

  test.each(['committed', 'wrapped', 'typed'])('a job whose script was %s runs again', async (name) => {
    const { commit } = recorded(name)
    const changes = await repeat(commit)
    expect(changes).toContain(`M ${name}/a`)
    expect((await recordOf(box, 'HEAD', 'elsewhere')).record).toMatchObject({ chain: [commit] })
    expect(await status(box, 'elsewhere')).toBe('')
    // git-annex, which a plain clone knows nothing of, has what is binary.
    expect((await box.git('elsewhere', 'annex', 'find', name)).split('\n')).toEqual([`${name}/b.bin`])
  })

  test('a script that is not there is named, with where its text lies', async () => {
    const { commit } = recorded('loose')
    const told = await tell(box, ['reschedule', commit], { cwd: 'elsewhere' })
    expect(told.code).toBe(1)
    expect(told.words).toContain('loose.sh')
    const [, shown = ''] = /`git show (\S+)`/.exec(told.words) ?? []
    expect(await box.git('elsewhere', 'show', shown)).toBe(box.read('ds/loose.sh').trimEnd())
  })

  test('a record is found and run after a merge and a rebase', async () => {
    const { id } = recorded('committed')
    await box.git('.', 'clone', '-q', 'remote.git', 'third')
    const base = await box.git('third', 'rev-list', '--max-parents=0', 'HEAD')
    await box.git('third', 'switch', '-q', '-c', 'side', base)
    await box.git('third', 'commit', '-q', '--allow-empty', '-m', 'Side')
    await box.git('third', 'merge', '-q', '--no-edit', 'main')
    expect(await show(String(id), 'third')).toMatchObject({ commit: recorded('committed').commit })
    await box.git('third', 'switch', '-q', 'main')
    await box.git('third', 'rebase', '-q', '--force-rebase', base)
    const rebased = await show(String(id), 'third')
    expect(rebased.commit).not.toBe(recorded('committed').commit)
    expect(await show('committed/a', 'third')).toEqual(rebased)
    const told = await tell(box, ['reschedule', '--report', rebased.commit], { cwd: 'third' })
    expect(told.code).toBe(0)
    expect(told.words).toContain('would run in .: sbatch job.sh')
  })
})

import { expect, test } from 'vitest'
import { datalad } from './support/datalad.ts'
import { addFiles, changesOf, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'

/** A record without what differs by its nature. */
async function comparable(box: Parameters<typeof recordOf>[0], revision = 'HEAD'): Promise<unknown> {
  const { record, title } = await recordOf(box, revision)
  const { waybill: _ours, commit_id: _commit, ...rest } = record as Record<string, unknown>
  return { title, ...rest }
}

const commands: readonly (readonly [string, readonly string[], string])[] = [
  ['with outputs', ['-i', 'in.txt', '-o', 'sub/out.txt', 'cat {inputs} > {outputs}'], '.'],
  ['without outputs', ['sh', '-c', 'mkdir -p sub; cat in.txt >sub/out.txt'], '.'],
  [
    'in a subdirectory',
    ['-m', 'there', '-i', '../in.txt', '-o', 'out.txt', 'cat ../in.txt > out.txt'],
    'sub',
  ],
]

test.each(commands)('%s: the record is the one that DataLad writes', async (_, words, where) => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'in.txt': '1\n', 'sub/here': '\n' })
  const start = await box.git('ds', 'rev-parse', 'HEAD')
  const cwd = `ds/${where}`
  const ours = await tell(box, ['run', ...words], { cwd })
  expect(ours.code, ours.words).toBe(0)
  const record = await comparable(box)
  const changes = await changesOf(box)
  for (const version of ['old', 'new'] as const) {
    await box.git('ds', 'reset', '-q', '--hard', start)
    await datalad(box, version, ['run', ...words], { cwd })
    expect(record, version).toEqual(await comparable(box))
    expect(changes).toEqual(await changesOf(box))
  }
})

test.each(['old', 'new'] as const)(
  '%s DataLad runs a record without outputs again, also a failed one',
  async (version) => {
    await using box = await sandboxWithDataset(version === 'new' ? { annex: 'wheel' } : {})
    await addFiles(box, 'ds', { 'in.txt': '1\n' })
    const line = 'cat in.txt >out.txt; head -c 2000 /dev/zero >big.bin; exit 3'
    const told = await tell(box, ['run', '--commit-failed-jobs', 'sh', '-c', line])
    expect(told.code).toBe(3)
    const record = await box.git('ds', 'rev-parse', 'HEAD')
    box.write('ds/in.txt', '2\n')
    await box.git('ds', 'commit', '-qam', 'Change the input')
    const ran = await datalad(box, version, ['rerun', record], { allowFailure: true })
    expect(ran.code, ran.stdout + ran.stderr).toBe(0)
    expect(box.read('ds/out.txt')).toBe('2\n')
    expect((await recordOf(box)).record).toMatchObject({ chain: [record], exit: 3 })
    expect(await status(box)).toBe('')
  },
)

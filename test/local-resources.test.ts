import { totalmem } from 'node:os'
import { expect, test } from 'vitest'
import { mostAtOnce } from '../src/local/test-site.ts'
import { addFiles, openJobs, sandboxWithDataset, tell } from './support/scenario.ts'

const head = `
sites: { here: { scheduler: local }, cluster: { scheduler: slurm } }
defaultSite: here
assets:`

test('resources bound what runs side by side on this machine', async () => {
  await using box = await sandboxWithDataset()
  const half = Math.ceil((totalmem() * 0.6) / 1024 ** 2)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${head}
  both: { outputs: ["b/{n}"], partitions: { n: [p, q] }, run: "sh meet.sh {n}" }
  wide: { outputs: ["w/{n}"], partitions: { n: [p, q, r] }, run: "sh alone.sh wide w/{n}", resources: { cpus: 2 } }
  large: { outputs: ["l/{n}"], partitions: { n: [p, q, r] }, run: "sh alone.sh large l/{n}", resources: { memory: ${half}M } }
`,
    // Each waits for the other: they run at once, or never end.
    'meet.sh':
      'mkdir -p b; : >"../here-$1"; until [ -e ../here-p ] && [ -e ../here-q ]; do :; done; echo 1 >"b/$1"\n',
    'alone.sh':
      'echo + >>"../$1"; mkdir -p "${2%/*}"; echo 1 >"$2"; ls -R .git >/dev/null; echo - >>"../$1"\n',
  })
  const env = { WAYBILL_LOCAL_SLOTS: '2' }
  const told = await tell(box, ['materialize'], { env })
  expect(told.code, told.words).toBe(0)
  for (const name of ['wide', 'large']) {
    expect(box.read(name).match(/\+/g)).toHaveLength(3)
    expect(mostAtOnce(box.path(name))).toBe(1)
  }
})

test('what asks for more than this machine has is told before anything runs', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'waybill.yaml': `${head}
  small: { outputs: [small], run: echo 1 >small }
  huge: { needs: [small], outputs: ["h/{n}"], partitions: { n: [p, q] }, run: "echo 1 >h/{n}", keys: { q: { resources: { memory: 900T, gpus: 3 } } } }
`,
  })
  const env = { WAYBILL_LOCAL_SLOTS: '2', WAYBILL_LOCAL_GPUS: '1' }
  const check = await box.waybill(['assets', 'check'], { cwd: 'ds', env, allowFailure: true })
  expect(check.code).toBe(1)
  expect(check.stdout).toMatch(
    /this machine has not that for the key q: memory: 900 TiB asked, .* there; gpus: 3 asked, 1 there/,
  )
  const told = await box.waybill(['materialize'], { cwd: 'ds', env, allowFailure: true })
  expect(told.code).toBe(1)
  expect(told.stderr).toContain('huge q: this machine has not that: memory: 900 TiB asked')
  expect(box.exists('ds/small')).toBe(false)
  expect(await openJobs(box)).toEqual([])
  const other = await tell(box, ['materialize', 'small'], { env })
  expect(other.code, other.words).toBe(0)
})

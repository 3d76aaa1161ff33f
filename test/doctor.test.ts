import { expect, test } from 'vitest'
import { Sandbox } from './support/sandbox.ts'

test('doctor asks for a git-annex that knows all the options that are used, and works without', async () => {
  await using box = await Sandbox.create()
  box.write('old/git-annex', '#!/bin/sh\necho 8.20200226\n', 0o755)
  const PATH = `${box.path('old')}:${box.environment()['PATH']}`
  const ran = await box.waybill(['doctor'], { env: { PATH } })
  expect(ran.stdout).toMatch(/^git-annex +look +8\.20200226 +large files need git-annex 8\.20201007/m)
})

test('doctor shows what sbatch says where it cannot even tell its version', async () => {
  await using box = await Sandbox.create()
  const words = 'sbatch: fatal: Could not establish a configuration source'
  box.write('broken/sbatch', `#!/bin/sh\necho "${words}" >&2\nexit 1\n`, 0o755)
  const PATH = `${box.path('broken')}:${box.environment()['PATH']}`
  const ran = await box.waybill(['doctor'], { env: { PATH } })
  expect(ran.stdout).toMatch(new RegExp(`^slurm +look +${words}`, 'm'))
})

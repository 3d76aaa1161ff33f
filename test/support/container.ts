import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { demand } from '../../dev/setup/command.ts'
import { datalad } from './datalad.ts'
import { checkout } from './runtime.ts'
import type { Sandbox, SandboxOptions } from './sandbox.ts'
import { addFiles, sandboxWithDataset } from './scenario.ts'

const support = join(checkout, 'test/support')

/** Runs a command in an image by in-image.sh of the dataset that the image is registered in. */
export const callFormat = 'sh {img_dspath}/.datalad/in-image {img} {cmd}'

/** Makes an image, an archive that holds a shell, `cat`, `mkdir` and a file `/inside` with its name; gives its path. */
export function makeImage(box: Sandbox, name: string): string {
  const archive = box.path(`${name}.tar`)
  demand('sh', [join(support, 'make-image.sh'), archive, name])
  return archive
}

/** Registers an image with `datalad containers-add`, and commits what its call format needs. */
export async function addContainer(
  box: Sandbox,
  name: string,
  more: readonly string[] = ['--call-fmt', callFormat],
  cwd = 'ds',
  version: 'old' | 'new' = 'old',
): Promise<void> {
  if (!box.exists(`${cwd}/.datalad/in-image`))
    await addFiles(box, cwd, { '.datalad/in-image': readFileSync(join(support, 'in-image.sh')) })
  await datalad(box, version, ['containers-add', '--url', makeImage(box, name), ...more, name], { cwd })
}

/** A sandbox whose dataset `ds` has the registered container `small`. */
export async function sandboxWithContainer(options: SandboxOptions = {}): Promise<Sandbox> {
  const box = await sandboxWithDataset(options)
  await addContainer(box, 'small')
  return box
}

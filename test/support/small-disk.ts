import { statfsSync } from 'node:fs'
import type { Sandbox } from './sandbox.ts'
import { accountOf } from './users.ts'

/** A small file system of its own below the sandbox; unmounted at the end. */
export interface SmallDisk extends AsyncDisposable {
  /** Fills it up to the last byte, or leaves so many kB. */
  fill(leave?: number): Promise<void>
  /** Takes away what filled it. */
  free(): Promise<void>
}

/** Mounts a tmpfs of so many megabytes at a folder of the sandbox, over what is there. Root only. */
export async function smallDisk(box: Sandbox, megabytes: number, path = 'disk'): Promise<SmallDisk> {
  const folder = box.path(path)
  await box.run(['mkdir', '-p', folder])
  const options = `size=${megabytes}m,mode=755,uid=${accountOf('user').uid}`
  await box.run(['mount', '-t', 'tmpfs', '-o', options, 'waybill-test', folder], { as: 'root' })
  return {
    fill: async (leave = 0) => {
      const { bavail, bsize } = statfsSync(folder)
      const size = Math.max(0, Math.floor((bavail * bsize) / 1024) - leave)
      const command = leave === 0 ? 'cat /dev/zero' : `head -c ${size}K /dev/zero`
      await box.run(['sh', '-c', `${command} >'${folder}/.filler'`], { allowFailure: true })
    },
    free: async () => {
      await box.run(['rm', '-f', `${folder}/.filler`])
    },
    [Symbol.asyncDispose]: async () => {
      await box.run(['umount', '-l', folder], { as: 'root' })
    },
  }
}

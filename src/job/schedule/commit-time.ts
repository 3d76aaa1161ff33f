import type { Context } from '../context.ts'

/** Now, as a commit has it: whole seconds and the offset of local time (`+0100`). */
export function commitTime(context: Context): { readonly seconds: number; readonly zone: string } {
  const seconds = context.now()
  const minutes = -new Date(seconds * 1000).getTimezoneOffset()
  const pad = (n: number): string => String(n).padStart(2, '0')
  const zone = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(minutes) / 60))}${pad(Math.abs(minutes) % 60)}`
  return { seconds, zone }
}

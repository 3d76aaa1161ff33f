import { bytes } from './quantities.ts'

/** What this machine has too little of, in words. */
export function lackHere(lack: {
  readonly what: string
  readonly asked: number
  readonly most: number
}): string {
  const write = lack.what === 'memory' ? bytes : String
  return `${lack.what}: ${write(lack.asked)} asked, ${write(lack.most)} there`
}

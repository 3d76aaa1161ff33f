import type { Progress } from '../job/context.ts'
import { bytes, counted } from './quantities.ts'

/** One line of progress in words; null when there is nothing to show any more. */
export function progressWords(event: Progress): string | null {
  switch (event.kind) {
    case 'fetching':
      return `fetching ${counted(event.files, 'input')} …`
    case 'copying':
      return `making ${counted(event.files, 'output')} writable (${bytes(event.bytes)}) …`
    case 'copying-inputs':
      return `copying ${counted(event.files, 'input')} to the alternative directory (${bytes(event.bytes)}) …`
    case 'bringing-back':
      return `bringing back ${counted(event.files, 'file')} (${bytes(event.bytes)}) …`
    case 'scheduling':
      return `scheduled ${event.done} of ${counted(event.jobs, 'job')} …`
    case 'adding':
      return `saving ${counted(event.files, 'file')} …`
    case 'waiting-for-finish':
      return `waiting for another finish (${event.holder}) …`
    case 'waiting-for-copies':
      return `waiting for another schedule that copies its inputs (${event.holder}) …`
    case 'waiting-for-materialize':
      return `waiting for another materialize (${event.holder}) …`
    case 'waiting-for-accounting':
      return `waiting for Slurm's accounting of ${counted(event.jobs, 'job')} …`
    case 'waiting-for-outputs':
      return `waiting until ${counted(event.files, 'file')} of other machines can be seen here (${event.fileSystem}) …`
    case 'waiting-for-slurm':
      return `Slurm is busy; it is asked again in ${Math.ceil(event.seconds)} s …`
    case 'materializing':
      return `${event.done} of ${event.all}${few(', running: ', event.running)}${few(', waiting: ', event.waiting)} …`
    case 'waiting-for-start':
      return `job ${event.job} waits to be started …`
    case 'done':
      return null
  }
}

/** Of many names the first. */
function few(before: string, names: readonly string[]): string {
  if (names.length === 0) return ''
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  return `${before}${names.slice(0, 3).join(', ')}${more}`
}

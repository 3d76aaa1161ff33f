import { readdirSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import type { Capacity } from '../contract/scheduler.ts'

/**
 * What this machine has for local jobs: its cores, or `WAYBILL_LOCAL_SLOTS`; its memory, or what a control group leaves of it
 * (cgroups(7)); and NVIDIA's GPUs by their devices, or `WAYBILL_LOCAL_GPUS`.
 */
export function machineCapacity(env: Readonly<Record<string, string | undefined>>): Capacity {
  const bound = process.constrainedMemory()
  return {
    cpus: wholeIn(env['WAYBILL_LOCAL_SLOTS'], 1) ?? availableParallelism(),
    memory: bound > 0 ? Math.min(bound, totalmem()) : totalmem(),
    gpus: wholeIn(env['WAYBILL_LOCAL_GPUS'], 0) ?? gpuDevices(),
  }
}

function wholeIn(text: string | undefined, least: number): number | null {
  const number = Number(text ?? '')
  return text !== undefined && text !== '' && Number.isInteger(number) && number >= least ? number : null
}

function gpuDevices(): number {
  try {
    return readdirSync('/dev').filter((name) => /^nvidia\d+$/.test(name)).length
  } catch {
    return 0
  }
}

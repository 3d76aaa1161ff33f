import { BadIndices, parseIndices } from '../../contract/index-set.ts'
import type { Json } from '../../provenance/python-json.ts'
import { factsOfTasks, type TaskFacts } from '../arrays/task-facts.ts'
import { asObject, readFacts, type JsonObject } from '../recorded-facts.ts'

/** Whether what stands under `waybill` is about an array of keys. */
export function hasKeys(own: JsonObject): boolean {
  const { keys, key_count: count } = asObject(own['asset'])
  const isArray = own['tasks'] !== undefined || own['lists'] !== undefined
  return isArray && (count !== undefined || (Array.isArray(keys) && keys.length > 1))
}

/**
 * What stands under `waybill` about an array of keys, as if each key had been recorded alone: with what was measured of its
 * own task. What its payloads submitted is not known by key and stays away. `lists` is the record's file of long lists.
 * Null where these do not say which keys they are about.
 */
export function splitByKey(own: JsonObject, lists: JsonObject): readonly JsonObject[] | null {
  const asset = { ...asObject(own['asset']), ...asObject(lists['asset']) }
  const { keys } = asset
  const told = own['recorded_tasks'] ?? own['tasks'] ?? lists['tasks']
  const facts = asObject(own['task_facts'] ?? lists['task_facts'])
  const measured = typeof facts['tasks'] === 'string' ? (facts as unknown as TaskFacts) : undefined
  if (!Array.isArray(keys) || told === undefined) return null
  const whole = readFacts(own)
  const ofAll = new Set([...Object.keys(whole), 'tasks', 'task_facts', 'lists', 'children'])
  const others = Object.fromEntries(Object.entries(own).filter(([name]) => !ofAll.has(name)))
  try {
    const rows = [told].flat().map((row: Json) => String(row).split(' ')[0] ?? '')
    return parseIndices(rows.join(',')).map((task) => ({
      ...others,
      ...(factsOfTasks(whole, measured, [task]) as JsonObject),
      asset: { ...asset, keys: [keys[task] ?? null] },
      recorded_tasks: String(task),
    }))
  } catch (error) {
    // A record is anybody's.
    if (error instanceof BadIndices) return null
    throw error
  }
}

import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { EpochSeconds } from '../contract/ids.ts'
import type { Definitions } from './definitions/definitions.ts'
import { selectKeys, type KeyRange, type KeySelectionFailure } from './definitions/select-keys.ts'
import { spaceOf } from './key-map.ts'

/** A choice of keys that no selected asset has. */
export type ChoiceFailure = KeySelectionFailure | { readonly kind: 'no-partitions'; readonly keys: string }

/**
 * The selected assets with the keys that are meant (null: all): of partitioned ones those that `keys` names. One that has no
 * such keys is left out, as long as another of `known` has them; one without partitions is taken whole.
 */
export function chooseKeys(
  { assets }: Pick<Definitions, 'assets'>,
  names: readonly string[],
  keys: string | null,
  now: EpochSeconds,
  known: readonly string[] = names,
): Fallible<ReadonlyMap<string, readonly KeyRange[] | null>, ChoiceFailure> {
  const chosen = new Map<string, readonly KeyRange[] | null>()
  let failure: ChoiceFailure | null = null
  let isMeant = keys === null
  const picked = new Set(names)
  for (const name of known) {
    const partitions = assets.get(name)?.partitions ?? null
    if (keys === null || partitions === null) {
      if (picked.has(name)) chosen.set(name, null)
      continue
    }
    const ranges = selectKeys(spaceOf(partitions, now), keys, now)
    if (!ranges.ok) failure ??= ranges.failure
    else if (picked.has(name)) chosen.set(name, ranges.value)
    isMeant ||= ranges.ok
  }
  return isMeant ? ok(chosen) : fail(failure ?? { kind: 'no-partitions', keys: keys ?? '' })
}

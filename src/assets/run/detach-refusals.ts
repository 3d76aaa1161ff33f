import type { Context, Job } from '../../job/context.ts'
import type { Note } from '../../job/note.ts'
import { calledName } from '../../job/select.ts'
import type { Settings } from '../definitions/settings.ts'
import type { Unit, Wait } from './graph-units.ts'
import type { Group } from './group-pieces.ts'
import type { Piece } from './piece-settings.ts'

/** A graph that is to be handed to Slurm, as it is thought of before the first submission. */
interface Graph {
  readonly groups: readonly Group[]
  /** Open jobs of its assets that are none of its own. */
  readonly others: readonly Job[]
  readonly waits: ReadonlyMap<Unit, readonly Wait[] | null>
  readonly settingsFor: (piece: Piece) => Settings
}

/** All that Slurm cannot be told of a graph, by name; empty: it can be handed over. */
export async function whyNotDetached(context: Context, graph: Graph): Promise<readonly Note[]> {
  const { groups, others, waits } = graph
  const notes: Note[] = []
  const refuse = (
    asset: string,
    why: (Note & { readonly kind: 'detach-refused' })['why'],
    job?: Job,
  ): void => {
    notes.push({ kind: 'detach-refused', asset, why, job: job === undefined ? null : calledName(job) })
  }
  for (const job of others) refuse(job.spec.asset?.name ?? '', 'open-job', job)
  for (const { asset, site } of new Set(groups.map(([{ view }]) => view))) {
    if (site.scheduler === 'local') refuse(asset.name, 'local-site')
    if (asset.retry.attempts > 1) refuse(asset.name, 'retry')
    if (asset.checks.some(({ kind, blocking }) => kind === 'metric' && blocking))
      refuse(asset.name, 'metric-check')
  }
  const observing = new Set<string>()
  const keywise = new Set<string>()
  for (const [{ asset, group }, wait] of waits) {
    if (wait === null) keywise.add(asset)
    const observes = group?.[0].view.asset.observes ?? []
    if (wait !== null && wait.length > 0 && observes.length > 0) observing.add(asset)
  }
  for (const asset of keywise) refuse(asset, 'keys')
  for (const asset of observing) refuse(asset, 'external')
  if (notes.length > 0 || groups.length === 0) return notes
  const room = await context.schedulers.slurm.room()
  for (const group of groups) {
    const { slurm } = graph.settingsFor(group[0])
    const option = (name: string): string | null => {
      const value = slurm.get(name)?.value
      return typeof value === 'string' ? value : null
    }
    const admission = room.admit({
      account: option('account'),
      qos: option('qos'),
      partition: option('partition'),
      tasks: group.length,
      highestIndex: group.length === 1 ? null : group.length - 1,
    })
    if (admission.kind !== 'fits')
      return [{ kind: 'detach-limit', asset: group[0].view.asset.name, limit: admission.why }]
  }
  return notes
}

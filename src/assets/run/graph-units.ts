import type { JobId } from '../../contract/ids.ts'
import type { Job } from '../../job/context.ts'
import { calledName } from '../../job/select.ts'
import type { AssetView } from '../look.ts'
import { joinedVersion } from '../versions/upstream-versions.ts'
import { writeLater } from '../versions/later.ts'
import { dataVersion } from '../asset-state.ts'
import { pieceAt, type PieceId } from './book.ts'
import type { Group } from './group-pieces.ts'
import { jobPieces } from './pieces-of-job.ts'
import type { GraphPlace } from './request.ts'

/** Pieces that are one job of a graph: one that is submitted already, or will be. */
export interface Unit {
  readonly asset: string
  /** In the order of tasks. */
  readonly ids: readonly PieceId[]
  /** Null: it is submitted already. */
  readonly group: Group | null
  job: Job | null
}

/** What a job waits for upstream. */
export type Wait =
  | { readonly kind: 'whole'; readonly unit: Unit }
  | { readonly kind: 'same-task'; readonly unit: Unit }
  | { readonly kind: 'tasks'; readonly unit: Unit; readonly tasks: readonly number[] }

/** Which unit makes a piece, as which task. */
export type Places = ReadonlyMap<PieceId, { readonly unit: Unit; readonly task: number }>

/** More tasks are not named one by one to sbatch. */
const mostNamed = 100

/** All units of a graph: its jobs that there are, and groups that are to be submitted. */
export function unitsOf(jobs: readonly Job[], groups: readonly Group[]): readonly Unit[] {
  return [
    ...jobs.map((job): Unit => {
      const ids = jobPieces(job).map(({ id }) => id)
      return { asset: job.spec.asset?.name ?? '', ids, group: null, job }
    }),
    ...groups.map((group): Unit => {
      const ids = group.map(({ view, index }) => pieceAt(view, index))
      return { asset: group[0].view.asset.name, ids, group, job: null }
    }),
  ]
}

/** Where each piece of the units is made. */
export function placesOf(units: readonly Unit[]): Places {
  return new Map(units.flatMap((unit) => unit.ids.map((id, task) => [id, { unit, task }] as const)))
}

/** What a group waits for of one asset upstream, as Slurm can be told; null: that cannot be told. */
export function waitsFor(group: Group, other: AssetView, places: Places): readonly Wait[] | null {
  const map = group[0].view.maps.get(other.asset.name)
  if (map === undefined) return []
  const known = new Map<number, readonly (readonly [Unit, number])[]>()
  const needsOf = (index: number): readonly (readonly [Unit, number])[] => {
    const own = map.groupOf(index)
    const before = known.get(own)
    if (before !== undefined || own < 0) return before ?? []
    const needs = [...map.upstreamOf(own)].flatMap((at) => {
      const place = places.get(pieceAt(other, at))
      return place === undefined ? [] : [[place.unit, place.task] as const]
    })
    known.set(own, needs)
    return needs
  }
  const all = group.map(({ index }) => needsOf(index))
  const [first = []] = all
  if (all.every((needs) => needs === first || isSame(needs, first))) {
    const byUnit = Map.groupBy(first, ([unit]) => unit)
    const waits = [...byUnit].map(([unit, needs]): Wait => {
      const tasks = needs.map(([, task]) => task)
      return tasks.length === unit.ids.length ? { kind: 'whole', unit } : { kind: 'tasks', unit, tasks }
    })
    return waits.some((wait) => wait.kind === 'tasks' && wait.tasks.length > mostNamed) ? null : waits
  }
  const [unit] = first[0] ?? []
  const corresponds =
    unit?.ids.length === group.length &&
    all.every((needs, task) => needs.length === 1 && needs[0]?.[0] === unit && needs[0][1] === task)
  return unit !== undefined && corresponds ? [{ kind: 'same-task', unit }] : null
}

function isSame(a: readonly (readonly [Unit, number])[], b: readonly (readonly [Unit, number])[]): boolean {
  return a.length === b.length && a.every(([unit, task], i) => b[i]?.[0] === unit && b[i][1] === task)
}

/** The place of a group in the graph, when all that it waits for is submitted. */
export function graphPlace(
  group: Group,
  views: ReadonlyMap<string, AssetView>,
  places: Places,
  waits: readonly Wait[],
): GraphPlace {
  const [{ view }] = group
  const after = waits.map((wait) => {
    const id = wait.unit.job === null ? '' : calledName(wait.unit.job)
    if (wait.kind === 'same-task') return `aftercorr:${id}`
    if (wait.kind === 'whole') return `afterok:${id}`
    return `afterok:${wait.tasks.map((task) => `${id}_${task}`).join(':')}`
  })
  const behind = new Set<JobId>(waits.flatMap(({ unit }) => unit.job?.id ?? []))
  return {
    said: {
      held: waits.length === 0,
      behind: [...behind],
      options:
        waits.length === 0 ? ['--hold'] : [`--dependency=${after.join(',')}`, '--kill-on-invalid-dep=yes'],
    },
    isLater: (piece) => places.has(piece),
    laterOf: (name, index) => {
      const other = views.get(name)
      const map = view.maps.get(name)
      const own = map?.groupOf(index) ?? -1
      if (other === undefined || map === undefined || own < 0) return null
      const jobs = new Set<string>()
      const rest: (string | null)[] = []
      for (const at of map.upstreamOf(own)) {
        const token = places.get(pieceAt(other, at))?.unit.job?.token
        if (token === undefined) rest.push(dataVersion(other.state, other.asset.outputs.length > 0, at))
        else jobs.add(token)
      }
      return jobs.size === 0 ? null : writeLater({ jobs, rest: joinedVersion(rest) })
    },
  }
}

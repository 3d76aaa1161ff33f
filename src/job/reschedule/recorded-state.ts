import { basename, posix, resolve } from 'node:path'
import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { listTree, type Entry } from '../../dataset/tree.ts'
import { readSbatch } from '../../slurm/sbatch-line.ts'
import { readFile } from '../schedule/command.ts'
import type { Context } from '../context.ts'
import { inputsHeldBy } from './differences.ts'
import { treeIdentities } from '../inputs.ts'
import { insideRoot } from '../logs-plan.ts'
import type { Note } from '../note.ts'
import { readIdentities } from './recorded-inputs.ts'
import type { Repetition } from './repetition.ts'
import type { InputIdentity } from '../spec.ts'

/** A file as it was when a record's job was submitted. */
export interface RecordedFile {
  /** With a key or a blob; of a file outside the dataset size and time. */
  readonly identity: InputIdentity
  /** What the commits around the job hold there, the nearest first: they tell its mode, and may hold its content. */
  readonly entries: readonly Entry[]
}

/**
 * The script and the inputs as a record's job found them, by path: by the identities in the record, else by the commit
 * that was there before it.
 */
export async function recordedState(
  repetition: Repetition,
): Promise<Fallible<ReadonlyMap<string, RecordedFile>, Note>> {
  const { context, found, there } = repetition
  const { commit, record, before } = found
  const recorded = await readIdentities(context, commit, record)
  if (!recorded.ok) return recorded
  const known = new Map<string, InputIdentity>(recorded.value ?? [])
  const fromTree: string[] = []
  if (recorded.value === null) {
    const held = await inputsHeldBy(context, before, record, there)
    if (!held.ok) return held
    fromTree.push(...held.value)
  }
  const script = scriptOf(record.waybill?.['script'])
  if (script.known) {
    if (script.identity !== null) known.set(script.identity.path, script.identity)
  } else {
    const path = await scriptInTree(repetition)
    if (!path.ok) return path
    if (path.value !== null) fromTree.push(path.value)
  }
  const then = await treeIdentities(context, before, new Map(fromTree.map((path) => [path, { path }])))
  if (!then.ok) return then
  for (const [path, identity] of then.value) if (!known.has(path)) known.set(path, identity)
  const copies = script.copy === null ? [] : [script.copy]
  const entries = await entriesAt(context, [before, commit], [...known.keys(), ...copies])
  if (!entries.ok) return entries
  const at = (path: string): readonly Entry[] => entries.value.get(path) ?? []
  return ok(
    new Map(
      [...known].map(([path, identity]) => {
        const copied = path === script.identity?.path ? copies.flatMap(at) : []
        return [path, { identity, entries: [...at(path), ...copied] }]
      }),
    ),
  )
}

interface RecordedScript {
  /** The record tells of a script, if only that it has no file. */
  readonly known: boolean
  readonly identity: InputIdentity | null
  readonly copy: string | null
}

function scriptOf(script: unknown): RecordedScript {
  const fields = typeof script === 'object' && script !== null ? (script as Record<string, unknown>) : {}
  const { path, blob, copy, from } = fields
  const identity =
    typeof path === 'string' && typeof blob === 'string'
      ? { path: path.startsWith('/') ? path : posix.normalize(path), blob }
      : null
  return {
    known: identity !== null || from !== undefined,
    identity,
    copy: typeof copy === 'string' ? copy : null,
  }
}

/** Where the commit before the job holds the script of an sbatch command: as sbatch looks for it, its folder first. */
async function scriptInTree({ context, found, request }: Repetition): Promise<Fallible<string | null, Note>> {
  if (basename(request.words[0] ?? '') !== 'sbatch') return ok(null)
  const { cwd, env } = context
  const sbatch = readSbatch(request.words, { cwd, env, readFile })
  if (sbatch.script.kind !== 'file') return ok(null)
  const word = request.words[request.words.length - 1 - sbatch.args.length] ?? ''
  const places = [sbatch.components[0].chdir, cwd].map((folder) => resolve(folder, word))
  const inside = places.flatMap((path) => insideRoot(context.dataset.root, path) ?? [])
  const held = await listTree(context.dataset, found.before, inside)
  if (!held.ok) return held
  return ok(inside.find((path) => held.value.some((entry) => entry.path === path)) ?? null)
}

async function entriesAt(
  context: Context,
  commits: readonly CommitId[],
  paths: readonly string[],
): Promise<Fallible<ReadonlyMap<string, readonly Entry[]>, Note>> {
  const inside = paths.filter((path) => !path.startsWith('/'))
  const entries = new Map<string, Entry[]>()
  if (inside.length === 0) return ok(entries)
  for (const commit of commits) {
    const listed = await listTree(context.dataset, commit, inside)
    if (!listed.ok) return listed
    for (const entry of listed.value) entries.set(entry.path, [...(entries.get(entry.path) ?? []), entry])
  }
  return ok(entries)
}

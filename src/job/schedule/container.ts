import { readFileSync } from 'node:fs'
import { basename, isAbsolute, join, posix, relative } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { findContainer, type Container } from '../../dataset/containers.ts'
import { installSubdataset } from '../../dataset/install-subdataset.ts'
import { relativeTo } from '../../dataset/paths.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import { chooseScheduler } from './command.ts'
import { batchInContainer, type CallInContainer } from './container-batch.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import { fillText } from './placeholders.ts'
import type { Report } from '../report.ts'
import type { ScheduleRequest } from './request.ts'

/** A request whose command runs in a container, as DataLad's `containers-run` would have it run. */
export interface Contained {
  readonly request: ScheduleRequest
  /** What the job finds in its environment, beside all else. */
  readonly env: Readonly<Record<string, string>>
  /** The batch script, absolute, which is read when the job starts; null for any other command. */
  readonly script: string | null
}

/** Puts the call format of the container of that name around the command. */
export async function inContainer(
  context: Context,
  request: ScheduleRequest,
  name: string,
  report: (report: Report) => void,
): Promise<Fallible<Contained, Note>> {
  const found = await lookUp(context, name, request.dryRun === null ? report : null)
  if (!found.ok) return found
  const container = found.value
  const chosen = chooseScheduler(request)
  if (!chosen.ok) return chosen
  const { scheduler, words, submitsItself } = chosen.value
  if (submitsItself) return fail({ kind: 'container-needs-script', why: 'no-sbatch' })
  const call: CallInContainer = (cmd, from) => callIn(context, container, cmd, from)
  const batch =
    scheduler === 'slurm' ? await batchInContainer(context, { ...request, words }, call, report) : null
  if (batch !== null && !batch.ok) return batch
  const line = batch === null ? call(joinWords(words), context.cwd) : null
  if (line !== null && !line.ok) return line
  const extra = extraInputsOf(context, container)
  if (!extra.ok) return extra
  const script = batch?.value.script ?? null
  return ok({
    request: {
      ...request,
      words: batch?.value.words ?? (line === null ? words : [line.value]),
      extraInputs: [
        ...extra.value,
        // Elsewhere the script is there only when it was brought along.
        ...(script !== null && request.altDir !== null ? [script] : []),
      ],
    },
    env: { DATALAD_CONTAINER_NAME: container.name },
    script,
  })
}

/** Subdatasets that the name leads into are checked out, level by level; not without `report`. */
async function lookUp(
  context: Context,
  name: string,
  report: ((report: Report) => void) | null,
): Promise<Fallible<Container, Note>> {
  const searched = await findContainer(context.dataset, name)
  if (!searched.ok) return searched
  const { found, known, absent } = searched.value
  if (absent !== null && report !== null) {
    const installed = await installSubdataset(context.dataset, absent)
    if (!installed.ok) return installed
    report({ action: 'install', status: 'ok', path: absent, type: 'dataset' })
    return lookUp(context, name, report)
  }
  if (absent !== null) return fail({ kind: 'container-not-installed', name, submodule: absent })
  if (found === null) return fail({ kind: 'no-such-container', name, known })
  // The configuration may come from anybody.
  const outside = isAbsolute(found.image) || /^\.\.(\/|$)/.test(posix.normalize(found.image))
  if (outside) return fail({ kind: 'container-outside', name, image: found.image })
  return isOldFormat(found.callFormat)
    ? fail({ kind: 'container-old-format', name, format: found.callFormat ?? '' })
    : ok(found)
}

/** datalad-container once kept the words of a call format as JSON, and refuses that now. */
function isOldFormat(format: string | null): boolean {
  if (format === null || !format.startsWith('[')) return false
  try {
    JSON.parse(format)
    return true
  } catch {
    return false
  }
}

function callIn(context: Context, container: Container, cmd: string, from: string): Fallible<string, Note> {
  const { image, dataset } = places(context, container, from)
  if (container.callFormat === null) {
    // The shell would look for a bare name on PATH.
    return ok(`${image.includes('/') ? image : `./${image}`} ${cmd}`)
  }
  return fillText(container.callFormat, {
    cmd,
    img: image,
    img_dspath: dataset,
    img_dirpath: posix.dirname(image),
    python: container.callFormat.includes('{python}') ? pythonOf(context) : '',
  })
}

function extraInputsOf(context: Context, container: Container): Fallible<readonly string[], Note> {
  const { image, dataset } = places(context, container, context.cwd)
  const paths = [image]
  for (const format of container.extraInputs) {
    const path = fillText(format, { img_dspath: dataset, img_dirpath: posix.dirname(image) })
    if (!path.ok) return path
    paths.push(path.value)
  }
  return ok(paths)
}

/** Where the image and its dataset are as seen from a directory: relative, so that a record tells nothing of this machine. */
function places(
  context: Context,
  container: Container,
  from: string,
): { readonly image: string; readonly dataset: string } {
  const { root } = context.dataset
  const inside = relativeTo(root, from) !== null
  const seen = (path: string): string => {
    const absolute = join(root, path)
    return inside ? relative(from, absolute) || '.' : absolute
  }
  return { image: seen(container.image), dataset: seen(container.dataset) }
}

/** The interpreter that has datalad-container: the one that DataLad's command names in its first line. */
function pythonOf({ env }: Context): string {
  for (const folder of (env['PATH'] ?? '').split(':')) {
    if (!isAbsolute(folder)) continue
    try {
      const first = readFileSync(join(folder, 'datalad'), 'latin1').split('\n')[0] ?? ''
      const program = /^#!\s*(\S+)/.exec(first)?.[1]
      if (program !== undefined && basename(program).startsWith('python')) return program
    } catch {
      // Not in this folder.
    }
  }
  return 'python3'
}

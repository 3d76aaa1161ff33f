import type { Sandbox } from './sandbox.ts'

const over =
  /^(COMPLETED|FAILED|TIMEOUT|CANCELLED|NODE_FAIL|OUT_OF_MEMORY|BOOT_FAIL|DEADLINE|REVOKED|PREEMPTED)/

/** What Slurm says about a job now: one state for each task or part; from accounting once the queue forgot it. */
export async function jobStates(box: Sandbox, id: string | number): Promise<readonly string[]> {
  const queue = ['squeue', '-h', '-r', '-t', 'all', '-j', String(id), '-o', '%T']
  const seen = await box.run(queue, { allowFailure: true })
  const states = words(seen.stdout)
  if (states.length > 0) return states
  const rows = await box.run(['sacct', '-n', '-P', '-X', '-j', String(id), '-o', 'State'], {
    allowFailure: true,
  })
  return words(rows.stdout)
}

/** Waits until all tasks of a job are over and gives their states; an error that names them after the limit. */
export async function jobEnded(
  box: Sandbox,
  id: string | number,
  limitMs = 40_000,
): Promise<readonly string[]> {
  return waitForStates(box, id, limitMs, 'over', (state) => over.test(state))
}

/** Waits until a job, or at least one of its tasks, is in this state (`RUNNING`). */
export async function jobIs(
  box: Sandbox,
  id: string | number,
  wanted: string,
  limitMs = 40_000,
): Promise<void> {
  const end = performance.now() + limitMs
  for (;;) {
    const states = await jobStates(box, id)
    if (states.some((state) => state.startsWith(wanted))) return
    if (performance.now() > end) throw new Error(`job ${id} is not ${wanted} but ${states.join(', ')}`)
    await pause()
  }
}

/** Waits until accounting has all rows of a job as over, and gives their states. It follows the queue by a moment. */
export async function jobAccounted(
  box: Sandbox,
  id: string | number,
  limitMs = 40_000,
): Promise<readonly string[]> {
  const end = performance.now() + limitMs
  const query = ['sacct', '-n', '-P', '-X', '-j', String(id), '-o', 'State']
  for (;;) {
    const states = words((await box.run(query, { allowFailure: true })).stdout)
    if (states.length > 0 && states.every((state) => over.test(state))) return states
    if (performance.now() > end)
      throw new Error(`accounting has job ${id} as ${states.join(', ') || 'nothing'}`)
    await pause()
  }
}

/** Submits with `--parsable` and gives the job's id. */
export async function submit(box: Sandbox, args: readonly string[], cwd = '.'): Promise<number> {
  const ran = await box.run(['sbatch', '--parsable', ...args], { cwd })
  return Number(ran.stdout.split(';')[0])
}

async function waitForStates(
  box: Sandbox,
  id: string | number,
  limitMs: number,
  what: string,
  fits: (state: string) => boolean,
): Promise<readonly string[]> {
  const end = performance.now() + limitMs
  for (;;) {
    const states = await jobStates(box, id)
    if (states.length > 0 && states.every(fits)) return states
    if (performance.now() > end)
      throw new Error(`job ${id} is not ${what} but ${states.join(', ') || 'unknown'}`)
    await pause()
  }
}

function words(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

async function pause(): Promise<void> {
  await new Promise((wake) => setTimeout(wake, 50))
}

import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { assetsHead, sites } from './support/assets.ts'
import { makeGate } from './support/gate.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, sandboxWithDataset } from './support/scenario.ts'
import { askLedger } from './support/template.ts'

/** Waits until a file of the sandbox says that. */
async function says(box: Sandbox, file: string, text: string): Promise<void> {
  const end = performance.now() + 50_000
  while (!existsSync(box.path(file)) || !box.read(file).includes(text)) {
    if (performance.now() > end) throw new Error(`${file} never said ${text}`)
    await new Promise((wake) => setTimeout(wake, 20))
  }
}

/** How often a text stands in a file of the sandbox. */
function times(box: Sandbox, file: string, text: string): number {
  return box.read(file).split(text).length - 1
}

const payload = (gate: string): string => `
echo printed
printf '{"log": "half way"}\\n{"log": "chatter", "level": "DEBUG"}\\n{"seen": 7}\\n' >>"$WAYBILL_MESSAGES"
${gate}
printf '{"log": "too hot", "level": "WARNING"}\\n' >>"$WAYBILL_MESSAGES"
echo done >slow-$1.txt
`

test.each(sites)(
  'what a payload says is shown while it runs, once, to who drives and to who watches (%s)',
  async (site) => {
    await using box = await sandboxWithDataset()
    const gate = makeGate(box)
    await addFiles(box, 'ds', {
      'waybill.yaml': `${assetsHead}
  slow:
    outputs: ["slow-{n}.txt"]
    partitions: { n: [one] }
    run: { bash: slow.sh, args: ["{n}"] }
`,
      'slow.sh': payload(gate.line),
    })
    const run = async (out: string): Promise<unknown> =>
      box.run(['sh', '-c', `waybill materialize --site ${site} >../${out} 2>&1`], { cwd: 'ds' })
    const driver = run('drove')
    await gate.reached()
    await says(box, 'drove', 'slow[one]: half way\n')
    await says(box, 'drove', 'slow[one]: {"seen":7}\n')
    const watcher = run('watched')
    await says(box, 'watched', 'this one watches')
    const follower = box.run(['sh', '-c', 'waybill logs -f slow:one >../followed'], { cwd: 'ds' })
    await says(box, 'followed', 'printed')
    expect(await askLedger(box, 'SELECT state FROM jobs')).not.toEqual([{ state: 'recorded' }])
    await gate.open()
    await Promise.all([driver, watcher, follower])
    for (const text of ['half way', '{"seen":7}', 'slow[one]: WARNING: too hot\n'])
      expect(times(box, 'drove', text), box.read('drove')).toBe(1)
    expect(box.read('drove')).not.toContain('chatter')
    expect(times(box, 'watched', 'too hot'), box.read('watched')).toBe(1)
    expect(await askLedger(box, 'SELECT count(*) AS n FROM messages')).toEqual([{ n: 4 }])
  },
)

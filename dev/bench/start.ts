import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { demand } from '../setup/command.ts'
import { alternate, timed } from './work.ts'

/** Sizes of the executable and times of whole processes that do little, as the package and as the executable. */
export function startTable(dist: string, folder: string, env: NodeJS.ProcessEnv): readonly string[] {
  const executable = join(dist, 'waybill')
  if (!existsSync(executable)) return ['no executable: npm run build']
  demand('git', ['init', '-q', folder], { env })
  const place = { cwd: folder, env }
  const times = (words: readonly string[]): readonly number[] =>
    alternate(21, [
      () => timed([process.execPath, join(dist, 'waybill.cjs'), ...words], place),
      () => timed([executable, ...words], place),
    ])
  const ms = (seconds = 0): string => `${Math.round(seconds * 1000)} ms`
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
  const row = (what: string, [node, alone]: readonly number[]): string =>
    `| ${what} | ${ms(node)} | ${ms(alone)} |`
  const packed = demand('sh', ['-c', 'xz -T0 -c "$1" | wc -c', 'sh', executable]).trim()
  return [
    '| | `node dist/waybill.cjs` | `dist/waybill` |',
    '|---|---|---|',
    row('`waybill --version`', times(['--version'])),
    row('`waybill jobs` in a repository without jobs', times(['jobs'])),
    `| size | Node ${mb(statSync(process.execPath).size)} | ${mb(statSync(executable).size)}, by \`xz\` ${mb(Number(packed))} |`,
  ]
}

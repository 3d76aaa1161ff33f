/** Builds `dist/waybill`: Node and the command that `build.ts` made, in one file that needs nothing but a C library. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { demand, Hindrance, runTool } from './setup/command.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

// https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html; `node --build-sea` is Node 25's.
await runTool(() => {
  const work = mkdtempSync(join(dist, 'executable-'))
  try {
    const file = join(work, 'waybill')
    const stripped = copyNode(file)
    inject(file, makeBlob(work))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const told = demand(file, ['--version']).trim()
    if (told !== version) throw new Hindrance(`the executable says it is "${told}", and not ${version}`)
    renameSync(file, join(dist, 'waybill'))
    const size = Math.round(statSync(join(dist, 'waybill')).size / 1e6)
    const note = stripped ? '' : ', with debugging symbols: there is no `strip` (binutils) on this machine'
    process.stdout.write(`dist/waybill: ${size} MB${note}\n`)
    return 0
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
})

/** Copies the Node that runs this, without its symbols where there is a `strip`; says whether they are gone. */
function copyNode(file: string): boolean {
  copyFileSync(process.execPath, file)
  chmodSync(file, 0o755)
  return spawnSync('strip', [file]).status === 0
}

/** Makes what is put into Node: the command, compiled, and the files that it takes from itself. */
function makeBlob(work: string): string {
  const blob = join(work, 'blob')
  const main = join(work, 'main.cjs')
  const command = readFileSync(join(dist, 'parts/main.cjs'), 'utf8')
  writeFileSync(main, `${command}\nvoid module.exports.main(process.argv.slice(2))\n`)
  const scripts = globSync('src/*/*.sh', { cwd: root })
  const example = globSync('example/*', { cwd: join(dist, 'parts') })
  const config = {
    main,
    output: blob,
    assets: {
      ...Object.fromEntries(scripts.map((script) => [basename(script), join(root, script)])),
      ...Object.fromEntries(example.map((file) => [file, join(dist, 'parts', file)])),
      'definitions.cjs': join(dist, 'parts/definitions.cjs'),
    },
    useCodeCache: true,
    disableExperimentalSEAWarning: true,
    // What Node would say of itself is nothing that a user of ours could act on.
    execArgv: ['--no-warnings'],
    // NODE_OPTIONS are meant for the user's own Node.
    execArgvExtension: 'none',
  }
  writeFileSync(join(work, 'config.json'), JSON.stringify(config))
  demand(process.execPath, ['--experimental-sea-config', join(work, 'config.json')])
  return blob
}

function inject(file: string, blob: string): void {
  const postject = join(root, 'node_modules/postject/dist/cli.js')
  // Node looks for the blob by its name when this word ends in 1, which postject sees to.
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
  demand(process.execPath, [postject, file, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', fuse])
}

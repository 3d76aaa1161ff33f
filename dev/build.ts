/** Builds `dist/`: the command and the library, in pieces that each command loads only when it needs them, and their types. */
import { chmodSync, copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { demand } from './setup/command.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
const built = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  chunkNames: 'parts/[name]-[hash]',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  // Libraries in CommonJS ask for Node's own modules by `require`.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
})
// Shell that runs on its own stands beside the part that starts it.
for (const script of globSync('src/!(compat)/*.sh', { cwd: root })) {
  mkdirSync(join(dist, 'parts'), { recursive: true })
  copyFileSync(join(root, script), join(dist, 'parts', basename(script)))
}
// What users put on their PATH has a folder of its own.
mkdirSync(join(dist, 'compat'))
copyFileSync(join(root, 'src/compat/datalad.sh'), join(dist, 'compat/datalad'))
chmodSync(join(dist, 'compat/datalad'), 0o755)
copyFileSync(join(root, 'src/waybill.js'), join(dist, 'waybill.js'))
chmodSync(join(dist, 'waybill.js'), 0o755)
// The types of what the library exports, for those who write TypeScript.
demand(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.types.json'], { cwd: root })

// What is bundled keeps its licence.
const bundled = new Set(
  Object.keys(built.metafile.inputs).flatMap(
    (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  ),
)
const licences = [...bundled].toSorted().map((name) => {
  const folder = join(root, 'node_modules', name)
  const [file] = globSync('LICEN[CS]E*', { cwd: folder })
  if (file === undefined) throw new Error(`${name} is bundled and has no licence file`)
  return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
})
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences.join('\n----\n\n'))

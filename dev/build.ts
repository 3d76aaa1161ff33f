/** Builds `dist/`: the command and the library, in pieces that each command loads only when it needs them, and their types. */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { definitionsSchema } from '../src/assets/definitions/written-form.ts'
import { demand } from './setup/command.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} as const
// What the readers of definitions bring with them is as large as the rest, and few commands need it: a file of its own.
const definitionsApart: Plugin = {
  name: 'definitions apart',
  setup: (building) => {
    building.onResolve({ filter: /\/definitions\/load\.ts$/ }, () => ({
      path: 'definitions',
      namespace: 'apart',
    }))
    building.onLoad({ filter: /^definitions$/, namespace: 'apart' }, () => ({
      contents: "module.exports = require('./src/process/shipped-part.ts').shippedPart('definitions.cjs')",
      resolveDir: root,
    }))
  },
}
// The command is one file, which a compile cache holds as one: many small ones cost more to find than to compile.
const inCommonJs = {
  ...common,
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  // What is imported when it is needed is in the same file, and runs when it is needed.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'selfUrl', 'import.meta.dirname': '__dirname' },
  banner: { js: "const selfUrl = require('node:url').pathToFileURL(__filename).href;" },
} as const
const command = await build({
  ...inCommonJs,
  entryPoints: ['src/main.ts'],
  outfile: 'dist/parts/main.cjs',
  plugins: [definitionsApart],
})
for (const path of Object.keys(command.metafile.inputs)) {
  if (/^node_modules\/(zod|yaml)\//.test(path))
    throw new Error(`${path} is in the file that every command loads`)
}
const definitions = await build({
  ...inCommonJs,
  entryPoints: ['src/assets/definitions/load.ts'],
  outfile: 'dist/parts/definitions.cjs',
  // The same, but for a look at the environment for each token, which takes a third of the time.
  alias: { yaml: './node_modules/yaml/browser/index.js' },
})
writeFileSync(join(dist, 'waybill.schema.json'), `${JSON.stringify(definitionsSchema(), null, 1)}\n`)
const library = await build({
  ...common,
  entryPoints: ['src/index.ts'],
  outdir: 'dist/parts',
  splitting: true,
  format: 'esm',
  minifySyntax: true,
  // Libraries in CommonJS ask for Node's own modules by `require`.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
})
// Shell that runs on its own stands beside the part that starts it.
for (const script of globSync('src/!(compat)/*.sh', { cwd: root })) {
  copyFileSync(join(root, script), join(dist, 'parts', basename(script)))
}
cpSync(join(root, 'src/assets/example'), join(dist, 'parts/example'), { recursive: true })
// What users put on their PATH has a folder of its own.
mkdirSync(join(dist, 'compat'))
copyFileSync(join(root, 'src/compat/datalad.sh'), join(dist, 'compat/datalad'))
chmodSync(join(dist, 'compat/datalad'), 0o755)
copyFileSync(join(root, 'src/waybill.cjs'), join(dist, 'waybill.cjs'))
chmodSync(join(dist, 'waybill.cjs'), 0o755)
// The types of what the library exports, for those who write TypeScript.
demand(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.types.json'], { cwd: root })

// What is bundled keeps its licence.
const bundled = new Set(
  Object.keys({
    ...command.metafile.inputs,
    ...definitions.metafile.inputs,
    ...library.metafile.inputs,
  }).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
)
const licences = [...bundled].toSorted().map((name) => {
  const folder = join(root, 'node_modules', name)
  const [file] = globSync('LICEN[CS]E*', { cwd: folder })
  if (file === undefined) throw new Error(`${name} is bundled and has no licence file`)
  return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
})
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences.join('\n----\n\n'))

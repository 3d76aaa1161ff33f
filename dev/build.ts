/** Builds `dist/`: the command and what it loads, in pieces that each command loads only when it needs them. */
import { copyFileSync, globSync, mkdirSync, rmSync, chmodSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
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
  // Libraries in CommonJS ask for Node's own modules by `require`.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
})
// Shell that runs on its own stands beside the part that starts it.
for (const script of globSync('src/**/*.sh', { cwd: root })) {
  mkdirSync(join(dist, 'parts'), { recursive: true })
  copyFileSync(join(root, script), join(dist, 'parts', basename(script)))
}
copyFileSync(join(root, 'src/waybill.js'), join(dist, 'waybill.js'))
chmodSync(join(dist, 'waybill.js'), 0o755)

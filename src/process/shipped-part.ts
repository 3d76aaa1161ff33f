import { createRequire } from 'node:module'

/**
 * What a part of the command exports that the build keeps in a file of its own, `name`, beside the first: most commands do
 * not load it. In the executable, out of itself.
 */
export function shippedPart(name: string): unknown {
  const { getAsset, isSea } = process.getBuiltinModule('node:sea')
  if (!isSea()) return createRequire(import.meta.url)(`./${name}`) as unknown
  // There, `require` knows Node's own modules alone.
  const { compileFunction } = process.getBuiltinModule('node:vm')
  const load = compileFunction(getAsset(name, 'utf8'), ['exports', 'require', 'module', '__filename'], {
    filename: name,
  }) as (exports: object, require: NodeJS.Require, module: { exports: object }, file: string) => void
  const module = { exports: {} }
  load(module.exports, createRequire(process.execPath), module, process.execPath)
  return module.exports
}

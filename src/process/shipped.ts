import { readFileSync } from 'node:fs'

/**
 * The text of a shell file of ours: from beside the module whose `import.meta.url` is given, where the build puts it too;
 * in the executable, out of itself (https://nodejs.org/api/single-executable-applications.html, assets).
 */
export function shippedText(name: string, module: string): Buffer {
  // Loaded with the first one: most commands start no shell file.
  const { getAsset, isSea } = process.getBuiltinModule('node:sea')
  return isSea() ? Buffer.from(getAsset(name)) : readFileSync(new URL(name, module))
}

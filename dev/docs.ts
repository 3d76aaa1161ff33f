import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reference } from './docs/reference.ts'

// npm run docs: writes the pages that are made from the code.
writeFileSync(join(import.meta.dirname, '../docs/reference.md'), reference())

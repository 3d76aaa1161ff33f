import { readFileSync } from 'node:fs'
import { locate } from './locate.ts'
import { moveBranch, type MovePlan } from './move-branch.ts'

// Does one move, to be killed at some system call: `node move-victim.ts ROOT PLAN.json`. Only the kill test runs this.
const [root = '', plan = ''] = process.argv.slice(2)
const dataset = await locate(root, process.env)
if (!dataset.ok) throw new Error(JSON.stringify(dataset.failure))
const patience = { sleep: async () => {}, now: () => 0, seconds: 0 }
const moved = await moveBranch(dataset.value, JSON.parse(readFileSync(plan, 'utf8')) as MovePlan, patience)
process.exitCode = moved.ok ? 0 : 3

import { runTool } from './command.ts'
import { installPackages } from './packages.ts'
import { installPeers, installSnakemake } from './peers.ts'

// Sets this machine up for the tests: node dev/setup/main.ts
await runTool(() => {
  const say = (line: string): void => void process.stderr.write(`set-up: ${line}\n`)
  installPackages(say)
  process.stdout.write(`${installPeers(say)}\n${installSnakemake(say)}\n`)
  return 0
})

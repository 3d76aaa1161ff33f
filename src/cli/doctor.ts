import type { Command } from 'commander'
import type { Finding } from '../job/doctor.ts'
import { withCommonOptions, type CommonOptions } from './options.ts'
import type { Runtime } from './runtime.ts'
import { table } from './table.ts'

/** `waybill doctor` */
export function addDoctor(program: Command, runtime: Runtime): void {
  const command = program
    .command('doctor')
    .summary('check what Waybill needs on this machine')
    .description(
      'Checks the programs Waybill uses, their versions, and the file system of the ledger. Changes nothing.',
    )
    .addHelpText('after', '\nExamples:\n  waybill doctor\n  waybill doctor --json')
    .action(async (options: CommonOptions) => {
      const { doctor } = await import('../api/doctor.ts')
      const { findings, inRepository, exitCode } = await doctor(options.dataset ?? runtime.cwd, {
        env: runtime.env,
      })
      if (options.json) for (const finding of findings) runtime.out(`${JSON.stringify(finding)}\n`)
      else {
        const rows = findings.map((finding) => [
          finding.what,
          marks[finding.state],
          finding.found,
          advice(finding),
        ])
        for (const line of table(rows)) runtime.out(`${line}\n`)
        if (!inRepository) runtime.out('(not in a repository: no ledger to look at)\n')
      }
      runtime.exit(exitCode)
    })
  withCommonOptions(command)
}

const marks: { readonly [state in Finding['state']]: string } = {
  ok: 'ok',
  old: 'TOO OLD',
  missing: 'MISSING',
  doubtful: 'look',
}

/** What to do about a finding; empty when all is well. */
function advice({ what, state, needed }: Finding): string {
  if (state === 'ok') return ''
  switch (what) {
    case 'node':
    case 'git':
    case 'glibc':
    case 'identity':
      return `needed: ${needed} or newer; on a cluster look for a module (\`module avail ${what}\`)`
    case 'git-annex':
      return `large files need git-annex ${needed} or newer (\`module avail git-annex\`, or \`pip install --user git-annex\`); without it all outputs go into git`
    case 'slurm':
      return `for sbatch, Slurm ${needed} or newer is needed on this host; commands on this machine run without it`
    case 'accounting':
      return 'without accounting, a job is known only while the queue remembers it: finish soon after it ends'
    case 'ssh':
      return `sites behind SSH need OpenSSH ${needed} or newer`
    case 'ledger':
      return 'this file system may keep locks badly between hosts: run Waybill on one login node at a time'
  }
}

/** How `sbatch` reads an option's argument: never, always (attached or the next word), or only when attached. */
type Arity = 'none' | 'required' | 'optional'

/** One long option of sbatch with its short letter. `same` names the option it is another spelling of. */
export interface SbatchOption {
  readonly name: string
  readonly arity: Arity
  readonly letter: string | null
}

const required = [
  'account:A acctg-freq array:a batch bb bbf begin:b chdir:D cluster cluster-constraint clusters:M comment',
  'constraint:C container container-id context core-spec:S cores-per-socket cpu-freq cpus-per-gpu',
  'cpus-per-task:c deadline delay-boot dependency:d distribution:m error:e exclude:x export export-file extra',
  'extra-node-info:B gid gpu-bind gpu-freq gpus:G gpus-per-node gpus-per-socket gpus-per-task gres gres-flags',
  'hint input:i job-name:J kill-on-invalid-dep licenses:L mail-type mail-user mcs-label mem mem-bind',
  'mem-per-cpu mem-per-gpu mincpus network nodefile:F nodelist:w nodes:N ntasks:n ntasks-per-core',
  'ntasks-per-gpu ntasks-per-node ntasks-per-socket ntasks-per-tres open-mode output:o partition:p power',
  'prefer priority profile qos:q reservation segment signal sockets-per-node switches tasks-per-node',
  'thread-spec threads-per-core time:t time-min tmp tres-bind tres-per-task uid wait-all-nodes wckey wrap',
].join(' ')

const none = [
  'consolidate-segments contiguous help:h hold:H ignore-pbs no-requeue overcommit:O oversubscribe:s parsable',
  'quiet:Q reboot requeue spread-job spread-segments stepmgr test-only usage use-min-nodes verbose:v',
  'version:V wait:W',
].join(' ')

const optional = 'exclusive get-user-env nice no-kill:k oom-kill-step propagate resv-ports'

/** Every option of sbatch, 22.05 (asked of the program itself) to 25.05 (its manual page). */
export const sbatchOptions: readonly SbatchOption[] = [
  ...table(required, 'required'),
  ...table(none, 'none'),
  ...table(optional, 'optional'),
]

/** sbatch's input variables that stand for an option we act on (sbatch(1), INPUT ENVIRONMENT VARIABLES). */
export const sbatchVariables: readonly (readonly [variable: string, option: string])[] = [
  ['SBATCH_ACCOUNT', 'account'],
  ['SBATCH_ARRAY_INX', 'array'],
  ['SBATCH_CLUSTERS', 'clusters'],
  ['SLURM_CLUSTERS', 'clusters'],
  ['SBATCH_ERROR', 'error'],
  ['SBATCH_INPUT', 'input'],
  ['SBATCH_JOB_NAME', 'job-name'],
  ['SBATCH_NO_REQUEUE', 'no-requeue'],
  ['SBATCH_OPEN_MODE', 'open-mode'],
  ['SBATCH_OUTPUT', 'output'],
  ['SBATCH_PARTITION', 'partition'],
  ['SBATCH_QOS', 'qos'],
  ['SBATCH_REQUEUE', 'requeue'],
  ['SBATCH_WAIT', 'wait'],
]

function table(text: string, arity: Arity): readonly SbatchOption[] {
  return text.split(' ').map((entry) => {
    const [name = '', letter] = entry.split(':')
    return { name, arity, letter: letter ?? null }
  })
}

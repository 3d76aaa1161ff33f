/** What makes one cluster different from the default one. All text goes into slurm.conf as it stands. */
export interface Variant {
  readonly name: string
  /** Where its twenty ports are looked for first; variants lie apart, so that they run side by side. */
  readonly firstPort: number
  /** `own`: a slurmdbd and a database of its own; `none`: accounting off; else the variant whose it shares. */
  readonly accounting: 'own' | 'none' | { readonly sharedWith: string }
  /** Processes and memory held by cgroups: a job can really run out of memory. */
  readonly cgroups: boolean
  /** Appended to AuthInfo. */
  readonly authExtra?: string
  readonly enforce?: string
  readonly extra?: readonly string[]
  readonly partitions: readonly string[]
  /** `sacctmgr` commands that run once the cluster is known to the accounting; each may say "nothing new". */
  readonly accounts?: readonly (readonly string[])[]
}

const partitions: readonly string[] = [
  'PartitionName=work Nodes=n[1-4] Default=YES MaxTime=INFINITE State=UP',
  'PartitionName=brief Nodes=n[1-4] MaxTime=10 State=UP',
]

const variants: readonly Variant[] = [
  { name: 'default', firstPort: 17000, accounting: 'own', cgroups: false, partitions },
  { name: 'no-accounting', firstPort: 17020, accounting: 'none', cgroups: false, partitions },
  {
    name: 'short-memory',
    firstPort: 17040,
    accounting: 'own',
    cgroups: false,
    extra: ['MinJobAge=2'],
    partitions,
  },
  {
    name: 'limits',
    firstPort: 17060,
    accounting: 'own',
    cgroups: false,
    enforce: 'associations,limits,qos',
    // What is over counts until it is forgotten.
    extra: ['MaxArraySize=21', 'MaxJobCount=60', 'MinJobAge=2'],
    partitions,
    accounts: [
      ['add', 'account', 'capped', 'MaxSubmitJobs=10'],
      ['add', 'account', 'open'],
      ['add', 'qos', 'narrow', 'MaxSubmitJobsPerUser=3', 'Flags=DenyOnLimit'],
    ],
  },
  {
    name: 'preempt',
    firstPort: 17080,
    accounting: 'own',
    cgroups: true,
    // A requeued job waits for as long as a credential lives, otherwise two minutes.
    authExtra: ',cred_expire=5',
    extra: ['PreemptType=preempt/partition_prio', 'PreemptMode=REQUEUE', 'DefMemPerCPU=64'],
    partitions: [
      'PartitionName=work Nodes=n[1-4] Default=YES PriorityTier=1 PreemptMode=REQUEUE MaxTime=INFINITE State=UP',
      'PartitionName=scrap Nodes=n[1-4] PriorityTier=1 PreemptMode=CANCEL GraceTime=1 MaxTime=INFINITE State=UP',
      'PartitionName=urgent Nodes=n[1-4] PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP',
    ],
  },
  {
    name: 'second',
    firstPort: 17100,
    accounting: { sharedWith: 'default' },
    cgroups: false,
    partitions,
  },
  // The same as the default one, for scenarios that kill and freeze its daemons.
  {
    name: 'fault',
    firstPort: 17120,
    accounting: 'own',
    cgroups: false,
    // A node that does not answer fails soon, otherwise after five minutes.
    extra: ['SlurmdTimeout=15'],
    partitions,
  },
  // For the benchmark, whose arrays and queues are longer than Slurm's defaults let them be.
  {
    name: 'bench',
    firstPort: 17140,
    accounting: 'own',
    cgroups: false,
    // Jobs are mostly finished long after they ended, and rows do not fill each other's queue.
    extra: ['MaxArraySize=20001', 'MaxJobCount=50000', 'MinJobAge=10'],
    partitions,
  },
]

/** The names of all variants, `default` first. */
export const variantNames: readonly string[] = variants.map((variant) => variant.name)

/** The variant of this name, undefined when there is none. */
export function variantNamed(name: string): Variant | undefined {
  return variants.find((variant) => variant.name === name)
}

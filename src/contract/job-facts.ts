/**
 * What a scheduler measured or decided about a job, a task or an attempt. A missing key is "not known", never zero.
 * Memory and CPU time are over all steps, nodes and tasks of a step.
 */
export interface JobFacts {
  readonly name?: string
  readonly elapsed_seconds?: number
  /** From the moment it could have run (held, delayed and waiting for others does not count) until it started. */
  readonly queue_wait_seconds?: number
  readonly time_limit_seconds?: number
  readonly cpu_seconds?: number
  /** Cores that it had, times the time it had them. */
  readonly allocated_cpu_seconds?: number
  /** Nodes that it had, times the time it had them. */
  readonly node_seconds?: number
  /** GPUs that it had, times the time it had them. */
  readonly gpu_seconds?: number
  /** What the tasks of one step had at most, together, on all its nodes; of the step that had most. */
  readonly max_memory_bytes?: number
  /** On all nodes together. */
  readonly requested_memory_bytes?: number
  /** On all nodes together; not known where the cluster does not count memory among what it gives. */
  readonly allocated_memory_bytes?: number
  /** 0 to 1: the mean over the tasks of a step, of the step where it is highest. */
  readonly gpu_utilization?: number
  readonly max_gpu_memory_bytes?: number
  readonly energy_joules?: number
  /** In the units of the site's billing weights. */
  readonly billing?: number
  /** Of several parts (tasks, components, jobs): how many. Times in seconds times things are sums then, all else is the greatest. */
  readonly parts?: number
  readonly nodes?: number
  readonly cores?: number
  readonly gpus?: number
  /** Slurm's compact form: `n[1-3]`. */
  readonly node_list?: string
  readonly partition?: string
  readonly account?: string
  readonly qos?: string
  readonly restarts?: number
  /** Steps that ended otherwise than the job, as in `0 OUT_OF_MEMORY`: a batch script may go on after such a step. */
  readonly step_states?: readonly string[]
  readonly stdout?: string
  readonly stderr?: string
  readonly work_dir?: string
}

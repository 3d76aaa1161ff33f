/**
 * What a scheduler measured or decided about a job, a task or an attempt. A missing key is "not known", never zero.
 * Memory and CPU time are over all steps.
 */
export interface JobFacts {
  readonly name?: string
  readonly elapsed_seconds?: number
  readonly cpu_seconds?: number
  readonly max_memory_bytes?: number
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

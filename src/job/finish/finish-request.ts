/** What `finish` is asked to do. */
export interface FinishRequest {
  /** As people name them; none means all open jobs of this worktree. */
  readonly jobs: readonly string[]
  readonly message: string | null
  /** A person's word on jobs that no witness can tell about. */
  readonly assume: 'completed' | 'failed' | null
  readonly failedJobs: 'keep' | 'close' | 'commit'
  /** Only jobs that were submitted at this commit or after it. */
  readonly since: string | null
  /** More outputs of the one job that is named, as typed; with `{task}` they say which task made which file. */
  readonly outputs: readonly string[]
  /** Of an array that failed in part, record the tasks that completed and keep the others open. */
  readonly completedTasks: boolean
  /** Where the commits go: one upon the other, each to a branch of its own, or to such branches and one merge of all. */
  readonly landing: 'branch' | 'branches' | 'octopus'
}

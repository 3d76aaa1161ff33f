/** Slurm's reasons for a job that waits (squeue(1), JOB REASON CODES), in words; others are shown as they are. */
const words: ReadonlyMap<string, string> = new Map([
  ['AssocGrpCPUMinutesLimit', "the account's CPU time is used up"],
  ['AssocGrpCpuLimit', "the account's CPUs are all in use"],
  ['AssocGrpJobsLimit', 'the account runs as many jobs as it may'],
  ['AssocMaxJobsLimit', 'you run as many jobs as you may'],
  ['BadConstraints', 'no node can ever satisfy its constraints'],
  ['BeginTime', 'its start time has not come'],
  ['Cleaning', 'it is requeued and being cleaned up'],
  ['Dependency', 'it waits for another job'],
  ['DependencyNeverSatisfied', 'the job it waits for failed: it will never start'],
  ['InvalidAccount', 'its account is not valid'],
  ['InvalidQOS', 'its QOS is not valid'],
  ['JobArrayTaskLimit', 'as many tasks as its %limit allows are running'],
  ['JobHeldAdmin', 'held by an administrator'],
  ['JobHeldUser', 'held by its user'],
  ['JobLaunchFailure', 'it could not be launched: perhaps a file system'],
  ['Licenses', 'it waits for a licence'],
  ['NodeDown', 'a node it needs is down'],
  ['PartitionDown', 'its partition is down'],
  ['PartitionInactive', 'its partition starts no jobs'],
  ['PartitionNodeLimit', 'it asks for more nodes than the partition allows'],
  ['PartitionTimeLimit', 'it asks for more time than the partition allows'],
  ['Priority', 'jobs of higher priority come first'],
  ['QOSMaxJobsPerUserLimit', 'you run as many jobs as the QOS allows'],
  ['QOSMaxSubmitJobPerUserLimit', 'you have submitted as many jobs as the QOS allows'],
  ['QOSMaxCpuPerUserLimit', 'you use as many CPUs as the QOS allows'],
  ['ReqNodeNotAvail', 'a node it asks for is not available'],
  ['Reservation', 'it waits for its reservation'],
  ['Resources', 'it waits for free resources'],
  ['launch_failed_requeued_held', 'its launch failed; it is held'],
])

/** A reason of Slurm's as people would say it. `ReqNodeNotAvail, UnavailableNodes:n1` keeps its nodes. */
export function reasonWords(reason: string): string {
  const [code = '', ...rest] = reason.split(/, ?/)
  const known = words.get(code)
  if (known === undefined) return reason
  return rest.length === 0 ? known : `${known}: ${rest.join(', ')}`
}

import type { Look, Testimony } from '../contract/scheduler.ts'

/** One look of those at several clusters. */
export function together(looks: readonly Required<Look>[]): Look {
  return {
    queue: testimonyOf(looks.map((look) => look.queue)),
    accounting: testimonyOf(looks.map((look) => look.accounting)),
    ...(looks.length === 0
      ? {}
      : {
          at: Math.min(...looks.map(({ at }) => at)),
          again: Math.max(...looks.map(({ again }) => again)),
        }),
  }
}

/** One testimony of several clusters' witnesses: if one did not answer, nothing can be said about all of them. */
function testimonyOf(testimonies: readonly Testimony[]): Testimony {
  const silences = testimonies.filter((each) => !each.answered)
  const broken = silences.find((each) => each.why === 'failed') ?? silences.find((each) => each.why === 'off')
  if (broken) return broken
  const answers = testimonies.filter((each) => each.answered)
  if (answers.length === 0)
    return silences[0] ?? { answered: false, why: 'not-asked', message: 'there are no jobs to ask about' }
  const unheard = new Map(answers.flatMap((each) => [...(each.unheard ?? [])]))
  return {
    answered: true,
    rows: answers.flatMap((each) => each.rows),
    ...(unheard.size === 0 ? {} : { unheard }),
  }
}

/** A branch as people say it: without `refs/heads/`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/heads\//, '')
}

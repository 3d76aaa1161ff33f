/** The ref that holds an operation's commits, and keeps them from gc, until a branch does. */
export function operationRef(operation: string): string {
  return `refs/waybill/${operation}`
}

/** Where a record's commit has the text of a script that the tree holds at no place of its own. */
export function scriptCopyPath(blob: string): string {
  return `.waybill/scripts/${blob.slice(0, 16)}`
}

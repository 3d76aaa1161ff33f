/** For each kind of a closed union of facts, a function that puts the facts into words. */
export type Words<Union extends { readonly kind: string }> = {
  readonly [Kind in Union['kind']]: (facts: Extract<Union, { readonly kind: Kind }>) => string
}

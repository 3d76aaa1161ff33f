interface Node<T> {
  readonly next: Map<string, Node<T>>
  readonly values: T[]
}

/** Values by a text, found by all texts that begin with theirs, or that theirs begin with. */
export class PrefixIndex<T> {
  private readonly root: Node<T> = { next: new Map(), values: [] }

  add(text: string, value: T): void {
    let node = this.root
    for (const letter of text) {
      const next = node.next.get(letter) ?? { next: new Map(), values: [] }
      node.next.set(letter, next)
      node = next
    }
    node.values.push(value)
  }

  /** The values of which one text begins with the other. Cost: the text, and what is found. */
  *agreeing(text: string): Generator<T> {
    let node: Node<T> | undefined = this.root
    for (const letter of text) {
      yield* node.values
      node = node.next.get(letter)
      if (node === undefined) return
    }
    yield* all(node)
  }
}

function* all<T>(node: Node<T>): Generator<T> {
  yield* node.values
  for (const next of node.next.values()) yield* all(next)
}

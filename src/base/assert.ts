// Assertions that stay on: a failed one is a programmer's error and ends the process.
// Never used for bad input, which gets an error of its own kind.

class AssertionFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AssertionFailure'
  }
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message)
}

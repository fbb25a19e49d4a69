// The error with which a checker complains.
// Owns the error; never decides what is wrong.

class Violation extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Violation'
  }
}

export function check(condition: boolean, tick: number, message: () => string): asserts condition {
  if (!condition) throw new Violation(`tick ${tick}: ${message()}`)
}

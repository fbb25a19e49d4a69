// A committed side that cannot be read, because its app has overwritten it.
// Owns the error, and the conversion of other errors to it; never knows what is read.

export class SideError extends Error {
  override readonly name = 'SideError'
  readonly partition: number

  constructor(partition: number, cause: unknown) {
    super((cause as Error).message, { cause })
    this.partition = partition
  }
}

/** Reads something of a partition's committed side. Throws SideError. */
export function readSide<Result>(partition: number, reading: () => Result): Result {
  try {
    return reading()
  } catch (cause) {
    throw new SideError(partition, cause)
  }
}

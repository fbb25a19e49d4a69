// What the fabric needs of memory, whoever provides it: named segments that several readers and
// writers see as one.
// Owns the interface only; `src/io/shm` has the shared one and its twin inside one process.

/** Memory is claimed in whole pages. */
export const PAGE_BYTES = 4096

/**
 * A named piece of memory. A segment is a reservation: its bytes read as zero, and cost nothing,
 * until they are claimed and written.
 */
export interface Segment {
  readonly name: string
  /** Other segments may lie in it as well: this one has `bytes` bytes from `startBytes` on. */
  readonly buffer: ArrayBuffer
  readonly startBytes: number
  readonly bytes: number
  /**
   * Makes `bytes` from `offsetBytes` (counted from the segment's start) on safe to write.
   * Idempotent. Returns false, and changes nothing, where the machine has no room for them.
   */
  claim(offsetBytes: number, bytes: number): boolean
  /**
   * Gives memory back that was claimed; it reads as zero from then on. Both are multiples of
   * `PAGE_BYTES`.
   */
  release(offsetBytes: number, bytes: number): void
}

/** The segments of one fabric. */
export interface Segments {
  /**
   * The segment of that name, at least `bytes` long; made where it doesn't exist yet. Asked again
   * with more bytes, it is the same memory, longer. With `writable` false a write into the buffer
   * is the caller's error.
   */
  open(name: string, bytes: number, writable: boolean): Segment
  /**
   * Frees the segment's memory once nobody has it open. Removing one that doesn't exist does
   * nothing.
   */
  remove(name: string): void
}

/**
 * Thrown where memory can't be had: the machine's, or the fabric folder's file system, is full, or
 * a limit is reached.
 */
export class MemoryFullError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MemoryFullError'
  }
}

// The memory that the fabric needs: named segments shared by several readers and writers.
// Owns the interface only; `src/io/shm` has the shared implementation and its twin inside one
// process.

/** Memory is claimed in whole pages. */
export const PAGE_BYTES = 4096

/**
 * A named piece of memory. A segment is a reservation: its bytes read as zero, and cost nothing,
 * until they are claimed and written.
 */
export interface Segment {
  readonly name: string
  /** May contain other segments too: this one has `bytes` bytes from `startBytes` on. */
  readonly buffer: ArrayBuffer
  readonly startBytes: number
  readonly bytes: number
  /**
   * Makes `bytes` from `offsetBytes` (counted from the segment's start) on safe to write.
   * Idempotent. Returns false, and changes nothing, if the machine lacks the memory.
   */
  claim(offsetBytes: number, bytes: number): boolean
  /**
   * Gives claimed memory back; it reads as zero from then on. Both numbers are multiples of
   * `PAGE_BYTES`.
   */
  release(offsetBytes: number, bytes: number): void
}

/** The segments of one fabric. */
export interface Segments {
  /**
   * Returns the segment of that name, at least `bytes` long, and makes it if it doesn't exist.
   * Opened again with more bytes, the same memory grows. With `writable` false, the caller must not
   * write into the buffer.
   */
  open(name: string, bytes: number, writable: boolean): Segment
  /** Frees the segment's memory once no process has it open. Does nothing if it doesn't exist. */
  remove(name: string): void
}

/**
 * Thrown if memory is unavailable: the machine or the fabric folder's file system is full, or a
 * limit is reached.
 */
export class MemoryFullError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MemoryFullError'
  }
}

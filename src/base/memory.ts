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

/** A piece of a file that is looked at: `bytes` bytes from `offsetBytes` on, whole pages. */
export interface Range {
  offsetBytes: number
  bytes: number
}

/**
 * The files of one fabric, and the segments that are open in them. A name is `file` or
 * `folder/file`.
 */
export interface Segments {
  /**
   * Makes a file at its full length, and its folder where that isn't there. It keeps that length
   * for as long as it is there. Only the worker makes files.
   */
  create(name: string, bytes: number): void
  /**
   * A range of a file that is there; throws where it isn't, or is shorter than that. Asked again
   * from the same offset on with more bytes, it is the same memory, longer. Ranges don't overlap.
   * With `writable` false a write into the buffer is the caller's error.
   */
  open(name: string, range: Range, writable: boolean): Segment
  /**
   * Frees the memory of a file, or of all files of a folder, once nobody has it open. Removing what
   * doesn't exist does nothing.
   */
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

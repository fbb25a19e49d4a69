// The failures of a sealed zip.
// Owns their names; the caller decides what to do about them.

/**
 * - NotAZip: another kind of file, or a zip without a seal.
 * - Truncated: it begins as a zip, and its end is missing.
 * - Damaged: its bytes are not those that were sealed, or a part can't be unpacked.
 * - TooLarge: over a limit that the caller gave.
 * - MissingPart: no part has that path.
 */
export type SealedZipFault = 'NotAZip' | 'Truncated' | 'Damaged' | 'TooLarge' | 'MissingPart'

export class SealedZipError extends Error {
  readonly fault: SealedZipFault
  /** Path of the faulty part, if known. */
  readonly part?: string

  constructor(fault: SealedZipFault, message: string, options?: ErrorOptions & { part?: string }) {
    super(message, options)
    this.name = 'SealedZipError'
    this.fault = fault
    if (options?.part !== undefined) this.part = options.part
  }
}

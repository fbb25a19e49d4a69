// The ways in which a snapshot can be refused, and the limits that it is held to.
// Owns the names and the defaults; never throws and never looks at a file.

/**
 * - NotASnapshot: another kind of file, or a zip that Heddle did not write.
 * - Truncated: the end of the file is missing.
 * - Damaged: bytes differ from what was written, or a part cannot be decoded.
 * - NewerFormat: written by a newer Heddle in a format that this one doesn't know.
 * - BadManifest: `manifest.json` breaks a rule of the format.
 * - MissingPart, UnknownPart: the zip's list of files is not the manifest's.
 * - CountMismatch: a part holds more or fewer entities, bytes or columns than the manifest says.
 * - BadId, DuplicateId, BadPosition, BadField: an entity that no world can hold, or one whose id
 *   would be given again.
 * - StateMismatch: the entities' state hash is not the manifest's.
 * - TooLarge: over a limit of this program.
 */
export type SnapshotFaultName =
  | 'NotASnapshot'
  | 'Truncated'
  | 'Damaged'
  | 'NewerFormat'
  | 'BadManifest'
  | 'MissingPart'
  | 'UnknownPart'
  | 'CountMismatch'
  | 'BadId'
  | 'DuplicateId'
  | 'BadPosition'
  | 'BadField'
  | 'StateMismatch'
  | 'TooLarge'

/** Why a snapshot is refused. The message says it in full, and names the part. */
export interface SnapshotFault {
  fault: SnapshotFaultName
  message: string
  /** The file inside the zip, where the fault lies in one. */
  part?: string
}

export function snapshotFault(
  fault: SnapshotFaultName,
  message: string,
  part?: string,
): SnapshotFault {
  return part === undefined ? { fault, message } : { fault, message: `${part}: ${message}`, part }
}

export function isSnapshotFault(value: object): value is SnapshotFault {
  return 'fault' in value
}

export interface SnapshotLimits {
  entitiesMax: number
  entitiesPerPartitionMax: number
  partitionsMax: number
  /** Highest index of a data field. */
  fieldIndexMax: number
  fieldBytesMax: number
  manifestBytesMax: number
  schemaBytesMax: number
  /** Bytes of all parts together, uncompressed. */
  totalBytesMax: number
  /**
   * Bytes of one partition: of its file, and of its fields in memory, where each takes its longest
   * value's bytes in every row. At most 4 GB - 2, which is what can be unpacked in one go.
   */
  partitionBytesMax: number
}

/** Heddle's own quotas for a partition, and room for the largest worlds that one host holds. */
export const DEFAULT_SNAPSHOT_LIMITS: Readonly<SnapshotLimits> = {
  entitiesMax: 100_000_000,
  entitiesPerPartitionMax: 1_048_576,
  partitionsMax: 16_384,
  fieldIndexMax: 63,
  fieldBytesMax: 65_536,
  manifestBytesMax: 16 * 1024 ** 2,
  schemaBytesMax: 16 * 1024 ** 2,
  totalBytesMax: 64 * 1024 ** 3,
  partitionBytesMax: 2 * 1024 ** 3,
}

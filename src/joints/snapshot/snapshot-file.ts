// A whole snapshot file: the zip and its contents.
// Owns the order of writing (schema, partitions, and last the manifest with all checksums) and of
// verifying (everything, before anything is used). Never takes state from a fabric, and never talks
// to an object store.

import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { PartitionState, SnapshotHeader } from '../../core/entities/partition-state.ts'
import {
  createStateHash,
  type StateHash,
  sumOfStateHashes,
} from '../../core/entities/state-hash.ts'
import { createEntityIds } from '../../core/snapshot/entity-ids.ts'
import {
  buildManifest,
  MANIFEST_PATH,
  type Manifest,
  type ManifestPartition,
  manifestHeader,
  parseManifest,
  SCHEMA_PATH,
} from '../../core/snapshot/manifest.ts'
import { decodePartition } from '../../core/snapshot/read-columns.ts'
import {
  DEFAULT_SNAPSHOT_LIMITS,
  isSnapshotFault,
  type SnapshotFault,
  type SnapshotFaultName,
  type SnapshotLimits,
  snapshotFault,
} from '../../core/snapshot/snapshot-fault.ts'
import { SealedZipError } from '../../io/snapshot-file/sealed-zip-error.ts'
import { openSealedZip, type SealedZip } from '../../io/snapshot-file/sealed-zip-reader.ts'
import { writeSealedZip, type ZipPart } from '../../io/snapshot-file/sealed-zip-writer.ts'
import type { EncodedPartition, PartitionSummary } from './encode-partition.ts'

/** A refused snapshot, or one that is not written because its state could not be restarted. */
export class SnapshotError extends Error {
  readonly fault: SnapshotFaultName
  /** The file inside the zip that has the fault, if one has. */
  readonly part?: string

  constructor({ fault, message, part }: SnapshotFault, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SnapshotError'
    this.fault = fault
    if (part !== undefined) this.part = part
  }
}

export interface WrittenSnapshot {
  /** The size of the zip. */
  bytes: number
  manifest: Manifest
}

export interface SnapshotWriting {
  /**
   * The zip, for an object store. A chunk is invalid once the next is requested. Returning from it
   * stops everything.
   */
  bytes: AsyncGenerator<Uint8Array, void, undefined>
  /**
   * Resolves when all bytes have been taken; rejects with the fault, as the bytes do. It never
   * settles if the bytes are never requested.
   */
  finished: Promise<WrittenSnapshot>
}

/**
 * Takes each partition after the one before it is written, so memory is bounded by the pieces under
 * way.
 */
export function writeSnapshot(
  header: Omit<SnapshotHeader, 'stateHash'>,
  partitions: Iterable<EncodedPartition> | AsyncIterable<EncodedPartition>,
): SnapshotWriting {
  let manifest: Manifest | undefined

  async function* parts(): AsyncGenerator<ZipPart> {
    yield { path: SCHEMA_PATH, text: header.schemaText }
    const summaries: PartitionSummary[] = []
    for await (const { path, pieces, summary } of partitions) {
      let found: PartitionSummary | undefined
      const summed = () => (found ??= summary())
      yield { path, pieces, sha256: () => summed().entry.sha256 }
      summaries.push(summed())
    }
    const schema = Buffer.from(header.schemaText)
    manifest = buildManifest(header, {
      schema: { bytes: schema.length, sha256: createHash('sha256').update(schema).digest('hex') },
      partitions: summaries.map(({ entry }) => entry),
      stateHash: sumOfStateHashes(summaries.map(({ stateHash }) => stateHash)),
    })
    const text = `${JSON.stringify(manifest, undefined, 2)}\n`
    accepted(parseManifest(text, DEFAULT_SNAPSHOT_LIMITS))
    yield { path: MANIFEST_PATH, text }
  }

  const zip = writeSealedZip(parts(), header.takenAtMs)
  const finished = zip.finished.then(({ bytes }) => ({ bytes, manifest: manifest! }))
  // The bytes fail as well. A caller that only reads them must not cause an unhandled rejection.
  finished.catch(() => undefined)
  return { bytes: zip.bytes, finished }
}

/** Rows to hash before other work gets its turn on the thread: about a millisecond. */
const ROWS_AT_ONCE = 16_384

async function addRows(
  hash: StateHash,
  { ids, types, positions, fields, count }: PartitionState,
): Promise<void> {
  for (let start = 0; start < count; start += ROWS_AT_ONCE) {
    const end = Math.min(start + ROWS_AT_ONCE, count)
    const slices = fields.map(({ index, lengths, typeIds, stride, data }) => ({
      index,
      lengths: lengths.subarray(start, end),
      typeIds: typeIds.subarray(start, end),
      stride,
      data: data.subarray(start * stride, end * stride),
    }))
    const places = positions.subarray(start * 3, end * 3)
    hash.addRows(ids.subarray(start, end), types.subarray(start, end), places, slices, end - start)
    await setImmediate()
  }
}

export interface SnapshotPartition extends ManifestPartition {
  /**
   * Returns a new copy at each call. Reads and verifies the file again, unless the state was kept.
   */
  load(): Promise<PartitionState>
}

/** A snapshot that is completely verified. */
export interface Snapshot {
  header: SnapshotHeader
  entities: number
  partitions: SnapshotPartition[]
  /** Call it once, when no more partitions will be loaded. */
  close(): Promise<void>
}

export interface ReadSnapshotOptions {
  limits?: Partial<SnapshotLimits>
  /**
   * Keeps verified states until they are loaded. For callers that load them all: each partition is
   * then read once.
   */
  keepsStates?: boolean
  /** Ends the verification between two partitions. */
  signal?: AbortSignal
  /** Called after each partition with how many of all entities have been verified. */
  onProgress?: (checked: number, entities: number) => void
}

/** The reason why a snapshot is refused, as a start and `heddle snapshot` show it. */
export function refusalText(place: string, { fault, message }: SnapshotError): string {
  return `the snapshot ${place} is refused (${fault}): ${message}`
}

/** Reads only the manifest. Verifies the seal, but no entities. Throws as `readSnapshot` does. */
export async function readSnapshotManifest(file: string): Promise<Manifest> {
  const zip = await openZip(file, DEFAULT_SNAPSHOT_LIMITS)
  try {
    return accepted(
      parseManifest(await readManifest(zip, DEFAULT_SNAPSHOT_LIMITS), DEFAULT_SNAPSHOT_LIMITS),
    )
  } finally {
    await zip.close()
  }
}

/**
 * Verifies the whole file: seal, manifest, checksums, columns, ids, positions, counts, state hash.
 * Memory is bounded by one partition (all, if states are kept), and 16 bytes an entity for the ids.
 * Throws SnapshotError, or the file system's error if the file cannot be read.
 */
export async function readSnapshot(
  file: string,
  options: ReadSnapshotOptions = {},
): Promise<Snapshot> {
  const limits = { ...DEFAULT_SNAPSHOT_LIMITS, ...options.limits }
  const zip = await openZip(file, limits)
  try {
    return await verify(zip, limits, options)
  } catch (error) {
    await zip.close()
    throw error
  }
}

async function verify(
  zip: SealedZip,
  limits: SnapshotLimits,
  options: ReadSnapshotOptions,
): Promise<Snapshot> {
  const manifest = accepted(parseManifest(await readManifest(zip, limits), limits))
  checkParts(zip, manifest)
  const schemaText = utf8(await readPart(zip, manifest.schema), SCHEMA_PATH)
  const ids = createEntityIds(manifest)
  const hash = createStateHash()
  const load = async (entry: ManifestPartition): Promise<PartitionState> => {
    return accepted(decodePartition(await readPart(zip, entry), entry, limits))
  }
  const kept = new Map<ManifestPartition, PartitionState>()
  const take = async (entry: ManifestPartition): Promise<PartitionState> => {
    const state = kept.get(entry) ?? (await load(entry))
    kept.delete(entry)
    return state
  }
  for (const entry of manifest.partitions) {
    options.signal?.throwIfAborted()
    const state = await load(entry)
    if (options.keepsStates) kept.set(entry, state)
    ids.add(entry.path, state.ids)
    await addRows(hash, state)
    options.onProgress?.(hash.count, manifest.entities)
  }
  const badId = ids.firstFault()
  if (badId !== undefined) throw new SnapshotError(badId)
  if (hash.digest() !== manifest.stateHash) {
    const message =
      `says the state hash ${manifest.stateHash}, but the entities have ` + `${hash.digest()}`
    throw new SnapshotError(snapshotFault('StateMismatch', message, MANIFEST_PATH))
  }
  return {
    header: manifestHeader(manifest, schemaText),
    entities: manifest.entities,
    partitions: manifest.partitions.map((entry) => ({ ...entry, load: () => take(entry) })),
    close: () => zip.close(),
  }
}

async function openZip(file: string, limits: SnapshotLimits): Promise<SealedZip> {
  const bytesMax = limits.totalBytesMax + limits.manifestBytesMax
  try {
    return await openSealedZip(file, {
      partsMax: limits.partitionsMax + 2,
      totalBytesMax: bytesMax,
    })
  } catch (error) {
    throw refusal(error)
  }
}

async function readManifest(zip: SealedZip, limits: SnapshotLimits): Promise<string> {
  const part = zip.parts.get(MANIFEST_PATH)
  if (part === undefined)
    throw new SnapshotError(snapshotFault('NotASnapshot', `a zip without ${MANIFEST_PATH}`))
  if (part.bytes > limits.manifestBytesMax) {
    const message = `${part.bytes} bytes, over the limit of ${limits.manifestBytesMax}`
    throw new SnapshotError(snapshotFault('TooLarge', message, MANIFEST_PATH))
  }
  return utf8(await unpacked(zip, MANIFEST_PATH), MANIFEST_PATH)
}

/**
 * Checks that the zip has exactly the manifest's files, with their sizes, before any is unpacked.
 */
function checkParts(zip: SealedZip, manifest: Manifest): void {
  const wanted = [manifest.schema, ...manifest.partitions]
  for (const { path, bytes } of wanted) {
    const part = zip.parts.get(path)
    if (part === undefined)
      throw new SnapshotError(snapshotFault('MissingPart', 'is not in the zip', path))
    if (part.bytes !== bytes) {
      throw new SnapshotError(
        snapshotFault('CountMismatch', `has ${part.bytes} bytes, not ${bytes}`, path),
      )
    }
  }
  if (zip.parts.size === wanted.length + 1) return
  const known = new Set([MANIFEST_PATH, ...wanted.map(({ path }) => path)])
  const unknown = [...zip.parts.keys()].find((path) => !known.has(path))!
  throw new SnapshotError(
    snapshotFault('UnknownPart', 'is in the zip, but not in the manifest', unknown),
  )
}

async function readPart(
  zip: SealedZip,
  { path, sha256 }: { path: string; sha256: string },
): Promise<Uint8Array> {
  const bytes = await unpacked(zip, path)
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
    throw new SnapshotError(
      snapshotFault('Damaged', 'its SHA-256 is not the one in the manifest', path),
    )
  }
  return bytes
}

async function unpacked(zip: SealedZip, path: string): Promise<Uint8Array> {
  try {
    return await zip.read(path)
  } catch (error) {
    throw refusal(error)
  }
}

function utf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new SnapshotError(snapshotFault('Damaged', 'not UTF-8 text', path), { cause: error })
  }
}

function accepted<T extends object>(value: T | SnapshotFault): T {
  if (isSnapshotFault(value)) throw new SnapshotError(value)
  return value
}

/** Turns refusals of the zip into those of the snapshot; passes other errors on. */
function refusal(error: unknown): unknown {
  if (!(error instanceof SealedZipError)) return error
  const fault = error.fault === 'NotAZip' ? 'NotASnapshot' : error.fault
  return new SnapshotError(snapshotFault(fault, error.message, error.part), { cause: error })
}

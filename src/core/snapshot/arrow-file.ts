// Reads an Arrow file down to its columns' buffers, strictly, from bytes that nobody vouches for.
// Owns the framing of the IPC file format and the bounds of every buffer; never knows what a column
// means. (The library's own reader follows counts and offsets of a hostile file without holding
// them against anything.)

import { constants, zstdDecompressSync } from 'node:zlib'
import { kinds, type NumberKind } from '../entities/shape.ts'
import { FlatTable, FlatTableError } from './flat-table.ts'

export type ArrowKind = NumberKind | 'u64' | 'binary'

export interface ArrowColumn {
  name: string
  kind: ArrowKind
  /** Whether a row is a list of numbers. */
  isList: boolean
}

/** One column of one batch. */
export interface ArrowBuffers {
  nullCount: number
  /** One bit a row, lowest first, 1 where there is a value; empty where nothing is null. */
  presence: Uint8Array
  /** Only of a binary column: rows + 1 offsets into the values, which rise from 0. */
  offsets: Int32Array
  values: Uint8Array
}

interface ArrowBatch {
  rows: number
  /**
   * Unpacks a column, by its place among the file's; of lists, each of which must have as many
   * numbers as `listOf` says. Throws FlatTableError.
   */
  column(at: number, listOf?: number): ArrowBuffers
}

export interface ArrowFile {
  columns: ArrowColumn[]
  batches: ArrowBatch[]
}

/** The column as the words of a fault: `x f32`, `field_1.velocity f32[]`. */
export function columnText({ name, kind, isList }: ArrowColumn): string {
  return `${name} ${kind}${isList ? '[]' : ''}`
}

/**
 * Throws FlatTableError saying what is wrong; nothing else. What it looks at is bounded by the
 * bytes; a column that is unpacked takes no more than its rows need, and one of bytes no more than
 * `valueBytesMax` in a batch.
 */
export function readArrowFile(bytes: Uint8Array, valueBytesMax: number): ArrowFile {
  if (
    bytes.length < HEAD_BYTES + TAIL_BYTES ||
    !startsWithMagic(bytes, 0) ||
    !startsWithMagic(bytes, bytes.length - 6)
  ) {
    throw new FlatTableError('not an Arrow file')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const footerBytes = view.getInt32(bytes.length - TAIL_BYTES, true)
  const footerStart = bytes.length - TAIL_BYTES - footerBytes
  if (footerBytes <= 0 || footerStart < HEAD_BYTES)
    throw new FlatTableError('the footer does not fit in the file')

  const first = readMessage(bytes, view, HEAD_BYTES, footerStart)
  if (first?.kind !== SCHEMA_MESSAGE)
    throw new FlatTableError('the columns are not described first')
  const columns = readColumns(first.header)
  const batches: ArrowBatch[] = []
  const blocks: string[] = []
  let at = first.end
  for (;;) {
    const message = readMessage(bytes, view, at, footerStart)
    if (message === undefined) break
    if (message.kind !== BATCH_MESSAGE)
      throw new FlatTableError(`a message of the kind ${message.kind} is not known`)
    batches.push(readBatch(message, columns, valueBytesMax))
    blocks.push(`${at}+${message.body.length}`)
    at = message.end
  }
  if (at + END_BYTES !== footerStart)
    throw new FlatTableError('there are bytes between the last batch and the footer')
  const footer = FlatTable.root(bytes.subarray(footerStart, footerStart + footerBytes))
  const listed = footer
    .countPairs(3, 24)
    .map(({ first: start, last: length }) => `${start}+${length}`)
  if (listed.join() !== blocks.join())
    throw new FlatTableError("the footer's list of batches is not the file's")
  return { columns, batches }
}

const HEAD_BYTES = 8
const END_BYTES = 8
const TAIL_BYTES = 10
const SCHEMA_MESSAGE = 1
const BATCH_MESSAGE = 3

interface Message {
  kind: number
  header: FlatTable
  body: Uint8Array
  end: number
}

function startsWithMagic(bytes: Uint8Array, at: number): boolean {
  return String.fromCharCode(...bytes.subarray(at, at + 6)) === 'ARROW1'
}

/** The message at `at`, or undefined at the end mark. */
function readMessage(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  limit: number,
): Message | undefined {
  if (at + 8 > limit) throw new FlatTableError('the end mark is missing')
  if (view.getInt32(at, true) !== -1)
    throw new FlatTableError('a message does not begin where it should')
  const metadataBytes = view.getInt32(at + 4, true)
  if (metadataBytes === 0) return undefined
  const bodyStart = at + 8 + metadataBytes
  if (metadataBytes < 0 || bodyStart > limit)
    throw new FlatTableError('a message is longer than the file')
  const message = FlatTable.root(bytes.subarray(at + 8, bodyStart))
  const bodyBytes = message.count(3)
  if (bodyStart + bodyBytes > limit) throw new FlatTableError('a batch is longer than the file')
  const header = message.table(2)
  if (header === undefined) throw new FlatTableError('a message is empty')
  const end = bodyStart + bodyBytes
  return { kind: message.uint8(1), header, body: bytes.subarray(bodyStart, end), end }
}

function readColumns(schema: FlatTable): ArrowColumn[] {
  if (schema.int16(0) !== 0) throw new FlatTableError('numbers are not little endian')
  return schema.tables(1).map((field) => {
    const name = field.text(0)
    if (field.has(4)) throw new FlatTableError(`column ${name} has a dictionary`)
    if (field.uint8(2) !== LIST) return { name, kind: readKind(name, field), isList: false }
    const [item, ...others] = field.tables(5)
    if (item === undefined || others.length > 0 || item.uint8(2) === BINARY)
      throw new FlatTableError(`column ${name} is no list of numbers`)
    return { name, kind: readKind(name, item), isList: true }
  })
}

const INT = 2
const FLOATING_POINT = 3
const BINARY = 4
const LIST = 12

function readKind(name: string, field: FlatTable): ArrowKind {
  const type = field.table(3)
  const typeCode = field.uint8(2)
  if (typeCode === BINARY) return 'binary'
  if (type !== undefined && typeCode === INT) {
    const kind = `${type.uint8(1) === 0 ? 'u' : 'i'}${type.int32(0)}`
    if (kind === 'u64' || Object.hasOwn(kinds, kind)) return kind as ArrowKind
  }
  if (type !== undefined && typeCode === FLOATING_POINT) {
    if (type.int16(0) === 1) return 'f32'
    if (type.int16(0) === 2) return 'f64'
  }
  throw new FlatTableError(`column ${name} has a type that no column of a snapshot has`)
}

function readBatch(
  { header, body }: Message,
  columns: readonly ArrowColumn[],
  valueBytesMax: number,
): ArrowBatch {
  const isCompressed = readCompression(header)
  const rows = header.count(0)
  const nodes = header.countPairs(1, 16)
  const buffers = header.countPairs(2, 16)
  const places: { node: number; buffer: number }[] = []
  let node = 0
  let buffer = 0
  for (const { kind, isList } of columns) {
    places.push({ node, buffer })
    node += isList ? 2 : 1
    buffer += isList ? 4 : kind === 'binary' ? 3 : 2
  }
  if (nodes.length !== node || buffers.length !== buffer)
    throw new FlatTableError('a batch does not have the columns of the file')

  const bytesAt = (at: number, what: string): Uint8Array => {
    const { first, last } = buffers[at]!
    if (first + last > body.length) throw new FlatTableError(`${what} reaches beyond its batch`)
    return body.subarray(first, first + last)
  }
  const take = (at: number, bytesWanted: number, what: string): Uint8Array => {
    if (bytesWanted === 0) return NO_BYTES
    const stored = bytesAt(at, what)
    const plain = isCompressed ? unpacked(stored, bytesWanted, what) : stored
    if (plain.length < bytesWanted) throw new FlatTableError(`${what} is too short`)
    return plain.subarray(0, bytesWanted)
  }

  const column = (at: number, listOf = 1): ArrowBuffers => {
    const { name, kind, isList } = columns[at]!
    const place = places[at]!
    const what = `column ${name}`
    const { first: length, last: nullCount } = nodes[place.node]!
    if (length !== rows || nullCount > rows)
      throw new FlatTableError(`${what} does not have ${rows} rows`)
    const presence = take(place.buffer, nullCount === 0 ? 0 : Math.ceil(rows / 8), what)
    if (kind === 'binary') {
      const offsets = alignedInt32(take(place.buffer + 1, (rows + 1) * 4, what))
      checkOffsets(offsets, valueBytesMax, what)
      return { nullCount, presence, offsets, values: take(place.buffer + 2, offsets[rows]!, what) }
    }
    if (isList) {
      const { first: numbers, last: nullNumbers } = nodes[place.node + 1]!
      const offsets = alignedInt32(take(place.buffer + 1, (rows + 1) * 4, what))
      if (
        numbers !== rows * listOf ||
        nullNumbers > 0 ||
        offsets.some((offset, row) => offset !== row * listOf)
      )
        throw new FlatTableError(`${what} does not have ${listOf} numbers a row`)
    }
    const values = take(place.buffer + (isList ? 3 : 1), rows * listOf * numberBytes(kind), what)
    return { nullCount, presence, offsets: NO_OFFSETS, values }
  }
  return { rows, column }
}

function numberBytes(kind: Exclude<ArrowKind, 'binary'>): number {
  return kind === 'u64' ? 8 : kinds[kind].bytes
}

const NO_BYTES = new Uint8Array(0)
const NO_OFFSETS = new Int32Array(0)

/** Whether the buffers of a batch are packed, each for itself, by zstd. */
function readCompression(header: FlatTable): boolean {
  const compression = header.table(3)
  if (compression === undefined) return false
  const ZSTD = 1
  const BY_BUFFER = 0
  if (compression.uint8(0) !== ZSTD || compression.uint8(1) !== BY_BUFFER)
    throw new FlatTableError('a batch is compressed in a way that no batch of a snapshot is')
  return true
}

/**
 * A packed buffer begins with its length unpacked, 64 bits; -1 where what follows is not packed.
 * Buffers may be padded to 64 bytes.
 */
function unpacked(stored: Uint8Array, bytesWanted: number, what: string): Uint8Array {
  if (stored.length < 8) throw new FlatTableError(`${what} is too short`)
  const view = new DataView(stored.buffer, stored.byteOffset, 8)
  const length = view.getBigInt64(0, true)
  const packed = stored.subarray(8)
  if (length === -1n) return packed
  if (length < bytesWanted || length >= bytesWanted + 64)
    throw new FlatTableError(`${what} has ${length} bytes, not ${bytesWanted}`)
  const bytes = Number(length)
  try {
    const plain = zstdDecompressSync(packed, {
      chunkSize: Math.max(bytes, CHUNK_BYTES_MIN),
      maxOutputLength: bytes,
    })
    if (plain.length === bytes) return plain
  } catch (error) {
    if (!isZlibFault(error)) throw error
  }
  throw new FlatTableError(`${what} can't be unpacked`)
}

const CHUNK_BYTES_MIN = constants.Z_MIN_CHUNK

function isZlibFault(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('ZSTD_') || code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE'
}

function checkOffsets(offsets: Int32Array, bytesMax: number, what: string): void {
  if (offsets[0] !== 0) throw new FlatTableError(`${what}: its values do not begin at 0`)
  for (let at = 1; at < offsets.length; at++)
    if (offsets[at]! < offsets[at - 1]!) throw new FlatTableError(`${what}: its values overlap`)
  if (offsets.at(-1)! > bytesMax)
    throw new FlatTableError(`${what} has ${offsets.at(-1)} bytes in one batch`)
}

/** The bytes as 32-bit words; copied only where they do not lie on a multiple of 4. */
export function alignedInt32(bytes: Uint8Array): Int32Array {
  if (bytes.byteOffset % 4 !== 0) return new Int32Array(bytes.slice().buffer)
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2)
}

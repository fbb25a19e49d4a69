// Reads an Arrow file down to its columns' buffers, strictly, from bytes that nobody vouches for.
// Owns the framing of the IPC file format and the bounds of every buffer; never copies them, and never knows what a column means.
// (The library's own reader follows counts and offsets of a hostile file without holding them against anything.)

import { FlatTable, FlatTableError } from './flat-table.ts'

export type ArrowType = 'uint32' | 'uint64' | 'float32' | 'binary'

export interface ArrowColumn {
  name: string
  type: ArrowType
  nullable: boolean
}

/** One column of one batch; the views lie in the file's bytes. */
export interface ArrowBuffers {
  nullCount: number
  /** One bit a row, lowest first, 1 where there is a value; empty where nothing is null. */
  presence: Uint8Array
  /** Only of a binary column: rows + 1 offsets (32 bits each) into the values. */
  offsets: Uint8Array
  values: Uint8Array
}

export interface ArrowBatch {
  rows: number
  /** In the order of the file's columns. */
  columns: ArrowBuffers[]
}

export interface ArrowFile {
  columns: ArrowColumn[]
  batches: ArrowBatch[]
}

/** Throws FlatTableError saying what is wrong; nothing else. Work and memory are bounded by the bytes. */
export function readArrowFile(bytes: Uint8Array): ArrowFile {
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
  if (footerBytes <= 0 || footerStart < HEAD_BYTES) throw new FlatTableError('the footer does not fit in the file')

  const first = readMessage(bytes, view, HEAD_BYTES, footerStart)
  if (first?.kind !== SCHEMA_MESSAGE) throw new FlatTableError('the columns are not described first')
  const columns = readColumns(first.header)
  const batches: ArrowBatch[] = []
  const blocks: string[] = []
  let at = first.end
  for (;;) {
    const message = readMessage(bytes, view, at, footerStart)
    if (message === undefined) break
    if (message.kind !== BATCH_MESSAGE) throw new FlatTableError(`a message of the kind ${message.kind} is not known`)
    batches.push(readBatch(message, columns))
    blocks.push(`${at}+${message.body.length}`)
    at = message.end
  }
  if (at + END_BYTES !== footerStart) throw new FlatTableError('there are bytes between the last batch and the footer')
  const footer = FlatTable.root(bytes.subarray(footerStart, footerStart + footerBytes))
  const listed = footer.countPairs(3, 24).map(({ first: start, last: length }) => `${start}+${length}`)
  if (listed.join() !== blocks.join()) throw new FlatTableError("the footer's list of batches is not the file's")
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
function readMessage(bytes: Uint8Array, view: DataView, at: number, limit: number): Message | undefined {
  if (at + 8 > limit) throw new FlatTableError('the end mark is missing')
  if (view.getInt32(at, true) !== -1) throw new FlatTableError('a message does not begin where it should')
  const metadataBytes = view.getInt32(at + 4, true)
  if (metadataBytes === 0) return undefined
  const bodyStart = at + 8 + metadataBytes
  if (metadataBytes < 0 || bodyStart > limit) throw new FlatTableError('a message is longer than the file')
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
    return { name, nullable: field.uint8(1) !== 0, type: readType(name, field) }
  })
}

function readType(name: string, field: FlatTable): ArrowType {
  const type = field.table(3)
  const kind = field.uint8(2)
  if (type !== undefined && kind === 2 && type.uint8(1) === 0) {
    if (type.int32(0) === 32) return 'uint32'
    if (type.int32(0) === 64) return 'uint64'
  }
  if (type !== undefined && kind === 3 && type.int16(0) === 1) return 'float32'
  if (kind === 4) return 'binary'
  throw new FlatTableError(`column ${name} has a type that no column of a snapshot has`)
}

function readBatch(message: Message, columns: readonly ArrowColumn[]): ArrowBatch {
  const { header, body } = message
  if (header.has(3)) throw new FlatTableError('a batch is compressed')
  const rows = header.count(0)
  const nodes = header.countPairs(1, 16)
  const buffers = header.countPairs(2, 16)
  const buffersWanted = columns.reduce((sum, column) => sum + (column.type === 'binary' ? 3 : 2), 0)
  if (nodes.length !== columns.length || buffers.length !== buffersWanted) {
    throw new FlatTableError('a batch does not have the columns of the file')
  }
  let used = 0
  const take = (bytesWanted: number, what: string): Uint8Array => {
    const { first, last } = buffers[used++]!
    if (first + last > body.length) throw new FlatTableError(`${what} reaches beyond its batch`)
    if (last < bytesWanted) throw new FlatTableError(`${what} is too short`)
    return body.subarray(first, first + (bytesWanted < 0 ? last : bytesWanted))
  }
  return {
    rows,
    columns: columns.map((column, at) => {
      const { first: length, last: nullCount } = nodes[at]!
      if (length !== rows || nullCount > rows)
        throw new FlatTableError(`column ${column.name} does not have ${rows} rows`)
      const presence = take(nullCount === 0 ? 0 : Math.ceil(rows / 8), `column ${column.name}`)
      const offsets = column.type === 'binary' ? take((rows + 1) * 4, `column ${column.name}`) : NO_BYTES
      const values = take(valueBytes(column.type, rows), `column ${column.name}`)
      return { nullCount, presence, offsets, values }
    }),
  }
}

const NO_BYTES = new Uint8Array(0)

/** -1: as many as there are. */
function valueBytes(type: ArrowType, rows: number): number {
  if (type === 'binary') return -1
  return rows * (type === 'uint64' ? 8 : 4)
}

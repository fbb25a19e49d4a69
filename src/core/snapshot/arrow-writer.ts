// Writes record batches as the bytes of an Arrow file, with every buffer compressed by zstd.
// Owns the framing where the library's is not what all readers take; never knows what a column
// means.

import { constants, zstdCompressSync } from 'node:zlib'
import { CompressionType, Message, RecordBatchFileWriter, type Schema } from 'apache-arrow'

/** Positions and ids give nothing to a slower search. */
const COMPRESSION_LEVEL = 1
/** Before each compressed buffer: the bytes that it has when it is unpacked, as 64 bits. */
const PREFIX_BYTES = 8
const STORED_AS_IT_IS = -1n

/** Memory for so many bytes. */
export type RoomFor = (bytes: number) => Uint8Array

/** Collects what the library writes, so that a generator can hand it on without a stream. */
export class ArrowPieceWriter extends RecordBatchFileWriter {
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(schema: Schema) {
    super({ compressionType: CompressionType.ZSTD })
    this.reset(undefined, schema)
  }

  /** All bytes since the last call, copied to where there is room for so many. */
  takePiece(roomFor: RoomFor): Uint8Array {
    const piece = roomFor(this.#bytes)
    let offset = 0
    for (const chunk of this.#chunks) {
      piece.set(chunk, offset)
      offset += chunk.byteLength
    }
    this.#chunks = []
    this.#bytes = 0
    return piece
  }

  /**
   * The library leaves the columns' description to the footer alone; readers that go from front to
   * back want it first.
   */
  protected override _writeSchema(schema: Schema): this {
    return this._writeMagic()._writePadding(2)._writeMessage(Message.from(schema))
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started || chunk.byteLength === 0) return this
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    this.#bytes += chunk.byteLength
    this._position += chunk.byteLength
    return this
  }

  /**
   * The library says before each buffer how long it is compressed, where the format wants to know
   * how long it will be: other readers refuse that.
   */
  protected override _compressBodyBuffers(buffers: ArrayBufferView[]): Assembled {
    const pieces: ArrayBufferView[] = []
    const bufferRegions: Assembled['bufferRegions'] = []
    let end = 0
    for (const { buffer, byteOffset, byteLength } of buffers) {
      const plain = new Uint8Array(buffer, byteOffset, byteLength)
      const compressed = byteLength === 0 ? undefined : worthCompressing(plain)
      const prefix = new Uint8Array(byteLength === 0 ? 0 : PREFIX_BYTES)
      const body = compressed ?? plain
      if (byteLength > 0) {
        new DataView(prefix.buffer).setBigInt64(
          0,
          compressed ? BigInt(byteLength) : STORED_AS_IT_IS,
          true,
        )
      }
      const length = prefix.length + body.length
      pieces.push(prefix, body)
      bufferRegions.push({ offset: end, length } as Assembled['bufferRegions'][number])
      end += (length + 7) & ~7
    }
    return { byteLength: end, bufferRegions, buffers: pieces }
  }
}

/**
 * Compressed bytes; undefined where they save less than a quarter, which is not worth the time that
 * they take.
 */
function worthCompressing(plain: Uint8Array): Uint8Array | undefined {
  let expectedShare = 1
  if (plain.length > TRIAL_BYTES * 4) {
    expectedShare = compressed(trialOf(plain), TRIAL_BYTES / 2).length / TRIAL_BYTES
    if (expectedShare > WORTH_SHARE_MAX) return undefined
  }
  const whole = compressed(plain, plain.length * expectedShare)
  return whole.length <= plain.length * WORTH_SHARE_MAX ? whole : undefined
}

/** Pieces from everywhere in a long column, to tell what compressing all of it would save. */
function trialOf(plain: Uint8Array): Uint8Array {
  const step = Math.floor((plain.length - TRIAL_PIECE_BYTES) / (TRIAL_PIECES - 1))
  for (let piece = 0; piece < TRIAL_PIECES; piece++) {
    trial.set(
      plain.subarray(piece * step, piece * step + TRIAL_PIECE_BYTES),
      piece * TRIAL_PIECE_BYTES,
    )
  }
  return trial
}

/** With room for as much as is expected, the bytes are seldom put together from pieces. */
function compressed(plain: Uint8Array, bytesExpected: number): Uint8Array {
  const chunkSize = Math.ceil(bytesExpected * 1.1) + 1024
  return zstdCompressSync(plain, { ...ZSTD_OPTIONS, chunkSize, pledgedSrcSize: plain.length })
}

const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL } }
/** A column is stored compressed only if that leaves at most this share of its bytes. */
const WORTH_SHARE_MAX = 3 / 4
const TRIAL_PIECES = 4
const TRIAL_PIECE_BYTES = 4096
const TRIAL_BYTES = TRIAL_PIECES * TRIAL_PIECE_BYTES
const trial = new Uint8Array(TRIAL_BYTES)

type Assembled = ReturnType<RecordBatchFileWriter['_compressBodyBuffers']>

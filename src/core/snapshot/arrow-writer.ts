// Writes record batches as the bytes of an Arrow file, with every buffer compressed by zstd.
// Owns the framing where the library's is not what all readers take; never knows what a column means.

import { constants, zstdCompressSync } from 'node:zlib'
import { CompressionType, Message, RecordBatchFileWriter, type Schema } from 'apache-arrow'

/** Positions and ids give nothing to a slower search. */
const COMPRESSION_LEVEL = 1
/** Before each compressed buffer: the bytes that it has when it is unpacked, as 64 bits. */
const PREFIX_BYTES = 8
const STORED_AS_IT_IS = -1n

/** Collects what the library writes, so that a generator can hand it on without a stream. */
export class ArrowPieceWriter extends RecordBatchFileWriter {
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(schema: Schema) {
    super({ compressionType: CompressionType.ZSTD })
    this.reset(undefined, schema)
  }

  /** All bytes since the last call. */
  takePiece(): Uint8Array<ArrayBuffer> {
    const piece = new Uint8Array(this.#bytes)
    let offset = 0
    for (const chunk of this.#chunks) {
      piece.set(chunk, offset)
      offset += chunk.byteLength
    }
    this.#chunks = []
    this.#bytes = 0
    return piece
  }

  /** The library leaves the columns' description to the footer alone; readers that go from front to back want it first. */
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

  /** The library says before each buffer how long it is compressed, where the format wants to know how long it will be: other readers refuse that. */
  protected override _compressBodyBuffers(buffers: ArrayBufferView[]): Assembled {
    const pieces: ArrayBufferView[] = []
    const bufferRegions: Assembled['bufferRegions'] = []
    let end = 0
    for (const { buffer, byteOffset, byteLength } of buffers) {
      const plain = new Uint8Array(buffer, byteOffset, byteLength)
      const prefix = new Uint8Array(byteLength === 0 ? 0 : PREFIX_BYTES)
      let body = plain
      if (byteLength > 0) {
        const compressed = zstdCompressSync(plain, { ...ZSTD_OPTIONS, chunkSize: compressedBytesMax(byteLength) })
        const isSmaller = compressed.length < byteLength
        if (isSmaller) body = compressed
        new DataView(prefix.buffer).setBigInt64(0, isSmaller ? BigInt(byteLength) : STORED_AS_IT_IS, true)
      }
      const length = prefix.length + body.length
      pieces.push(prefix, body)
      bufferRegions.push({ offset: end, length } as Assembled['bufferRegions'][number])
      end += (length + 7) & ~7
    }
    return { byteLength: end, bufferRegions, buffers: pieces }
  }
}

/** Of what zstd makes of so many bytes: with room for it at once, nothing is put together from pieces. */
function compressedBytesMax(bytes: number): number {
  return bytes + (bytes >>> 8) + 1024
}

const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL } }

type Assembled = ReturnType<RecordBatchFileWriter['_compressBodyBuffers']>

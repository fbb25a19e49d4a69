// The bytes that the view app sends: one frame is the whole crowd at one tick. Shared by the app
// and its clients.
//
// Little endian. Over TCP each frame follows its length in bytes (u32); over WebSocket each is one
// binary message.
//   0  u32  magic "HCF1"          4  u16 columns, u16 rows of the grid
//   8  f64  tick                 16  f64 people who changed cells since the app began
//  24  f32  minX, maxX, minY, maxY of the world
//  40  u32  people               44  u32 cells (columns × rows)
//  48  f64  per person: entity id
//   …  u32  per cell: people in it, x running first
//   …  u16  per person: x, then y, as shares of the world's width and height (0 to 65535)

const FRAME_MAGIC = 0x31464348
const HEAD_BYTES = 48

export interface Frame {
  tick: number
  columns: number
  rows: number
  /** People who changed cells since the view app began. */
  handoffs: number
  world: { minX: number; maxX: number; minY: number; maxY: number }
  ids: Float64Array
  /** People in each cell, x running first. */
  cells: Uint32Array
  /** x, y per person: shares of the world's width and height, 0 to 65535. */
  places: Uint16Array
}

export function encodeFrame(frame: Frame): Uint8Array {
  const people = frame.ids.length
  const bytes = new Uint8Array(HEAD_BYTES + people * 12 + frame.cells.length * 4)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, FRAME_MAGIC, true)
  view.setUint16(4, frame.columns, true)
  view.setUint16(6, frame.rows, true)
  view.setFloat64(8, frame.tick, true)
  view.setFloat64(16, frame.handoffs, true)
  const { minX, maxX, minY, maxY } = frame.world
  for (const [place, value] of [minX, maxX, minY, maxY].entries())
    view.setFloat32(24 + place * 4, value, true)
  view.setUint32(40, people, true)
  view.setUint32(44, frame.cells.length, true)
  new Float64Array(bytes.buffer, HEAD_BYTES, people).set(frame.ids)
  new Uint32Array(bytes.buffer, HEAD_BYTES + people * 8, frame.cells.length).set(frame.cells)
  new Uint16Array(bytes.buffer, HEAD_BYTES + people * 8 + frame.cells.length * 4, people * 2).set(
    frame.places,
  )
  return bytes
}

/** Throws if the bytes are no frame. */
export function decodeFrame(received: Uint8Array): Frame {
  const view = new DataView(received.buffer, received.byteOffset, received.byteLength)
  if (received.length < HEAD_BYTES || view.getUint32(0, true) !== FRAME_MAGIC)
    throw new Error('these bytes are no frame of the crowd')
  const people = view.getUint32(40, true)
  const cells = view.getUint32(44, true)
  if (received.length !== HEAD_BYTES + people * 12 + cells * 4)
    throw new Error(
      `a frame of ${people} people and ${cells} cells does not have ${received.length} bytes`,
    )
  // Copies the bytes to align the columns at multiples of their size.
  const { buffer } = new Uint8Array(received)
  return {
    columns: view.getUint16(4, true),
    rows: view.getUint16(6, true),
    tick: view.getFloat64(8, true),
    handoffs: view.getFloat64(16, true),
    world: {
      minX: view.getFloat32(24, true),
      maxX: view.getFloat32(28, true),
      minY: view.getFloat32(32, true),
      maxY: view.getFloat32(36, true),
    },
    ids: new Float64Array(buffer, HEAD_BYTES, people),
    cells: new Uint32Array(buffer, HEAD_BYTES + people * 8, cells),
    places: new Uint16Array(buffer, HEAD_BYTES + people * 8 + cells * 4, people * 2),
  }
}

/** Returns a frame as TCP carries it: after its length. */
export function withLength(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + frame.length)
  new DataView(bytes.buffer).setUint32(0, frame.length, true)
  bytes.set(frame, 4)
  return bytes
}

const FRAME_BYTES_MAX = 256 * 1024 * 1024

/** Cuts a TCP stream into frames. */
export class FrameSplitter {
  #chunks: Uint8Array[] = []
  #bytes = 0

  /**
   * Returns the frames completed by this chunk. Throws if the stream does not consist of frames.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Uint8Array[] = []
    while (this.#bytes >= 4) {
      const length = Buffer.from(this.#peek(4)).readUInt32LE()
      if (length > FRAME_BYTES_MAX)
        throw new Error(`a frame of ${length} bytes is none of the crowd`)
      if (this.#bytes < 4 + length) break
      const all = this.#peek(this.#bytes)
      frames.push(all.subarray(4, 4 + length))
      this.#bytes = all.length - 4 - length
      this.#chunks = [all.subarray(4 + length)]
    }
    return frames
  }

  /** Returns the first bytes; joins chunks only if they span several. */
  #peek(bytes: number): Uint8Array {
    if (this.#chunks[0].length < bytes) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0].subarray(0, bytes)
  }
}

// Reads the small tables (FlatBuffers) that describe an Arrow file's columns and batches, from
// bytes that nobody vouches for.
// Owns the bounds: every offset and every count is held against the bytes that are there before it
// is followed, so that a hostile file costs an error and never a long loop. Never knows what the
// tables mean.

/** Thrown for bytes that are no such table; read-columns.ts turns it into a fault. */
export class FlatTableError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FlatTableError'
  }
}

/** A table; members are known by their number, from 0. An absent scalar is 0. */
export class FlatTable {
  readonly #view: DataView
  readonly #position: number
  readonly #slots: number
  readonly #slotCount: number

  constructor(view: DataView, position: number) {
    const slots = position - readInt32(view, position)
    const slotBytes = readUint16(view, slots)
    if (slotBytes < 4 || slots + slotBytes > view.byteLength)
      throw new FlatTableError('a table has no valid members')
    this.#view = view
    this.#position = position
    this.#slots = slots
    this.#slotCount = (slotBytes - 4) >> 1
  }

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new FlatTable(view, readUint32(view, 0))
  }

  uint8(member: number): number {
    const at = this.#find(member)
    return at === 0 ? 0 : readUint8(this.#view, at)
  }

  int16(member: number): number {
    const at = this.#find(member)
    return at === 0 ? 0 : readInt16(this.#view, at)
  }

  int32(member: number): number {
    const at = this.#find(member)
    return at === 0 ? 0 : readInt32(this.#view, at)
  }

  /** A 64-bit count; one that is negative or above 2^53 is refused. */
  count(member: number): number {
    const at = this.#find(member)
    return at === 0 ? 0 : readCount(this.#view, at)
  }

  table(member: number): FlatTable | undefined {
    const at = this.#find(member)
    return at === 0 ? undefined : new FlatTable(this.#view, at + readUint32(this.#view, at))
  }

  text(member: number): string {
    const { at, length } = this.#vector(member, 1)
    return new TextDecoder('utf-8', { fatal: true }).decode(
      new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length),
    )
  }

  tables(member: number): FlatTable[] {
    const { at, length } = this.#vector(member, 4)
    const tables: FlatTable[] = []
    for (let index = 0; index < length; index++) {
      const entry = at + index * 4
      tables.push(new FlatTable(this.#view, entry + readUint32(this.#view, entry)))
    }
    return tables
  }

  /** A vector of structs whose first and last 8 bytes are 64-bit counts. */
  countPairs(member: number, structBytes: number): { first: number; last: number }[] {
    const { at, length } = this.#vector(member, structBytes)
    const pairs: { first: number; last: number }[] = []
    for (let index = 0; index < length; index++) {
      const entry = at + index * structBytes
      pairs.push({
        first: readCount(this.#view, entry),
        last: readCount(this.#view, entry + structBytes - 8),
      })
    }
    return pairs
  }

  has(member: number): boolean {
    return this.#find(member) !== 0
  }

  #find(member: number): number {
    if (member >= this.#slotCount) return 0
    const offset = readUint16(this.#view, this.#slots + 4 + member * 2)
    return offset === 0 ? 0 : this.#position + offset
  }

  #vector(member: number, elementBytes: number): { at: number; length: number } {
    const pointer = this.#find(member)
    if (pointer === 0) return { at: 0, length: 0 }
    const start = pointer + readUint32(this.#view, pointer)
    const length = readUint32(this.#view, start)
    if (start + 4 + length * elementBytes > this.#view.byteLength)
      throw new FlatTableError('a list is longer than its table')
    return { at: start + 4, length }
  }
}

function inside(view: DataView, at: number, bytes: number): number {
  if (!(at >= 0 && at + bytes <= view.byteLength))
    throw new FlatTableError('a table reaches beyond its bytes')
  return at
}

function readUint8(view: DataView, at: number): number {
  return view.getUint8(inside(view, at, 1))
}

function readInt16(view: DataView, at: number): number {
  return view.getInt16(inside(view, at, 2), true)
}

function readUint16(view: DataView, at: number): number {
  return view.getUint16(inside(view, at, 2), true)
}

function readInt32(view: DataView, at: number): number {
  return view.getInt32(inside(view, at, 4), true)
}

function readUint32(view: DataView, at: number): number {
  return view.getUint32(inside(view, at, 4), true)
}

function readCount(view: DataView, at: number): number {
  const low = readUint32(view, at)
  const high = readUint32(view, at + 4)
  if (high >= 0x20_0000) throw new FlatTableError('a count is out of range')
  return high * 0x1_0000_0000 + low
}

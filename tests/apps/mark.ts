// The mark of every entity of a checked world: when it was written, and a sum over all of its data.
// A reader can tell whether the entity was ever in this state, and whether this is the newest.
// Owns the mark and the rule which entity is written when; moves none.

import { type ColumnsOf, defineField, type EntityColumns, type OwnedColumns } from '@heddle/sdk'

export const mark = defineField({
  index: 1,
  typeId: 601,
  shape: { sum: 'u32', writtenAt: 'u32', bornAt: 'u32', velocity: 'i32x2' },
})
type Marks = ColumnsOf<(typeof mark)['shape']>

type Mode = 'sweep' | 'bulk' | 'few' | 'nothing'
const modes: readonly Mode[] = [
  'few',
  'bulk',
  'nothing',
  'sweep',
  'sweep',
  'sweep',
  'bulk',
  'sweep',
]

/** Returns how entities are moved in a tick. */
export function modeOf(tick: number): Mode {
  return modes[tick % modes.length]
}

/** True if an entity is written in a tick. */
export function isWritten(id: number, tick: number): boolean {
  const mode = modeOf(tick)
  return mode === 'few' ? id % 16 === Math.floor(tick / modes.length) % 16 : mode !== 'nothing'
}

/** Returns the tick of an entity's last write, as of a tick. */
function writtenLast(id: number, bornAt: number, tick: number): number {
  let last = tick
  while (last > bornAt && !isWritten(id, last)) last--
  return last
}

/** True if an entity ends in a tick. As many begin in the same partition. */
export function isDying(id: number, tick: number): boolean {
  return mixed(id % 2 ** 32, tick) % 256 === 0
}

/**
 * Returns the first position on an axis and the velocity: multiples of an eighth, so that all later
 * positions are exact 32-bit floats.
 */
export function birthOf(
  id: number,
  axis: 0 | 1,
  from: number,
  to: number,
): { at: number; velocity: number } {
  const number = mixed(mixed(id % 2 ** 32, Math.floor(id / 2 ** 32)), axis)
  return { at: from + (number % ((to - from) * 8)) / 8, velocity: (number % 161) - 80 }
}

interface Columns {
  readonly ids: Float64Array
  readonly types: Uint32Array
  readonly states: Uint8Array
  readonly positions: Float32Array
}

/** Defines bytes beside the mark that follow from it, for worlds with large fields. */
export function defineLoad(bytes: number) {
  return bytes > 0 ? defineField({ index: 2, typeId: 602, shape: `u32x${bytes / 4}` }) : undefined
}
type Load = NonNullable<ReturnType<typeof defineLoad>>

/** Columns of one partition, prepared for checking and writing many rows. */
export class MarkedColumns {
  readonly ids: Float64Array
  readonly positions: Float32Array
  readonly velocity: Marks['velocity']
  readonly #types: Uint32Array
  readonly #states: Uint8Array
  readonly #bits: Uint32Array
  readonly #marks: Marks
  readonly #loads: ColumnsOf<`u32x${number}`> | undefined
  readonly #loadWords: number

  constructor(
    { ids, types, states, positions }: Columns,
    marks: Marks,
    load?: Load,
    loads?: ColumnsOf<'u32'>,
  ) {
    this.ids = ids
    this.positions = positions
    this.velocity = marks.velocity
    this.#types = types
    this.#states = states
    this.#bits = new Uint32Array(positions.buffer, positions.byteOffset, positions.length)
    this.#marks = marks
    this.#loads = loads
    this.#loadWords = load ? load.bytes / 4 : 0
  }

  /** For columns of another app. */
  static of(columns: EntityColumns, load?: Load): MarkedColumns {
    const marks = columns.field(mark)
    const loads = load && columns.field(load)
    if (!marks || (load && !loads))
      throw new Error(`partition ${columns.partition} has entities without a mark`)
    return new MarkedColumns(columns, marks, load, loads)
  }

  /** For this app's own columns: with current positions or, for a sweep, with the next ones. */
  static ofOwned(
    owned: OwnedColumns,
    load?: Load,
    positions: Float32Array = owned.positions,
  ): MarkedColumns {
    const { ids, types, states } = owned
    return new MarkedColumns(
      { ids, types, states, positions },
      owned.field(mark),
      load,
      load && owned.field(load),
    )
  }

  get rows(): number {
    return this.ids.length
  }

  holds(row: number): boolean {
    return this.#states[row] !== 0
  }

  /** Records in the row's mark that all of the row was written in this tick. */
  write(row: number, tick: number): void {
    const { sum, writtenAt } = this.#marks
    writtenAt.values[row * writtenAt.stride + writtenAt.offset] = tick
    const marked = this.#sumOf(row)
    sum.values[row * sum.stride + sum.offset] = marked
    if (!this.#loads) return
    const { values, stride } = this.#loads
    for (let word = 0; word < this.#loadWords; word++)
      values[row * stride + word] = mixed(marked, word)
  }

  /** Writes the mark of a new entity, except its sum. */
  begin(row: number, tick: number, velocities: readonly [number, number]): void {
    const { bornAt, velocity } = this.#marks
    bornAt.values[row * bornAt.stride + bornAt.offset] = tick
    velocity.values.set(velocities, row * velocity.stride + velocity.offset)
  }

  /** Returns what is wrong with the entity of a row as of a tick. */
  faultOf(row: number, asOf: number): string | undefined {
    const { sum, writtenAt, bornAt } = this.#marks
    const id = this.ids[row]
    const there = sum.values[row * sum.stride + sum.offset]
    const written = writtenAt.values[row * writtenAt.stride + writtenAt.offset]
    const born = bornAt.values[row * bornAt.stride + bornAt.offset]
    if (
      there === this.#sumOf(row) &&
      written === writtenLast(id, born, asOf) &&
      this.#isLoaded(row, there)
    )
      return undefined
    return (
      `entity ${id} of type ${this.#types[row]} in row ${row} (state ${this.#states[row]}), ` +
      `at ${this.positions.slice(row * 3, row * 3 + 3)} as of ${asOf}: ` +
      `its sum is ${there} and should be ${this.#sumOf(row)}; born in ${born}, ` +
      `it was written in ${written}, and should have been in ${writtenLast(id, born, asOf)}`
    )
  }

  #isLoaded(row: number, sum: number): boolean {
    if (!this.#loads) return true
    const { values, stride } = this.#loads
    for (let word = 0; word < this.#loadWords; word++)
      if (values[row * stride + word] !== mixed(sum, word)) return false
    return true
  }

  #sumOf(row: number): number {
    const { writtenAt, bornAt, velocity } = this.#marks
    const id = this.ids[row]
    let sum = mixed(id % 2 ** 32, Math.floor(id / 2 ** 32))
    sum = mixed(sum, this.#types[row])
    for (let axis = row * 3; axis < row * 3 + 3; axis++) sum = mixed(sum, this.#bits[axis])
    sum = mixed(sum, writtenAt.values[row * writtenAt.stride + writtenAt.offset])
    sum = mixed(sum, bornAt.values[row * bornAt.stride + bornAt.offset])
    for (let axis = 0; axis < 2; axis++)
      sum = mixed(sum, velocity.values[row * velocity.stride + velocity.offset + axis])
    return sum
  }
}

export function mixed(one: number, other: number): number {
  let hash = Math.imul(one ^ Math.imul(other, 0x9e37_79b1), 0x7feb_352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846c_a68b)
  return (hash ^ (hash >>> 16)) >>> 0
}

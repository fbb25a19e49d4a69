// Entities as columns: typed arrays on the fabric's memory itself, a row an entity. Good within one
// transaction.
// Owns the views and the checks of arguments; what a write has to be followed by is said at each
// call. Never copies.

import { assert } from '../../../src/base/assert.ts'
import { rowState } from '../../../src/core/fabric/memory/columns.ts'
import type { PartitionMemory } from '../../../src/core/fabric/memory/partition-memory.ts'
import type { Side } from '../../../src/core/fabric/memory/side.ts'
import { OutsideError } from '../../../src/core/fabric/owner/departures.ts'
import type { PartitionOwner } from '../../../src/core/fabric/owner/partition-owner.ts'
import type { ApplicationState } from './application-state.ts'
import { type ErrorCode, HeddleError } from './errors.ts'
import { type ColumnsOf, demandField, type Field, type Shape } from './field.ts'
import { type Entity, type LocatedEntity, refuseEntityType } from './model.ts'
import { middleOf } from './partitions.ts'

/**
 * How many rows a sweep takes at a time: their positions stay in the processor's nearest memory.
 */
const SWEEP_ROWS = 4096

/**
 * A partition's entities, as they were committed at the tick before. Read only: a write into
 * another app's memory ends the process.
 */
export class EntityColumns {
  /** The partition's id. */
  readonly partition: number
  readonly #memory: PartitionMemory
  readonly #side: Side
  readonly #sideIndex: number

  /** @internal */
  constructor(memory: PartitionMemory, tick: number) {
    this.partition = memory.index
    this.#memory = memory
    this.#side = memory.side(tick)
    this.#sideIndex = tick % 2
  }

  /** All columns have so many rows. Not every row holds an entity: see `states`. */
  get rows(): number {
    return this.#side.rows
  }
  /** One a row. */
  get ids(): Float64Array {
    return this.#side.id.subarray(0, this.rows)
  }
  /** One a row. */
  get types(): Uint32Array {
    return this.#side.type.subarray(0, this.rows)
  }
  /** One a row: 0 where there is no entity. */
  get states(): Uint8Array {
    return this.#side.state.subarray(0, this.rows)
  }
  /** x, y, z a row. */
  get positions(): Float32Array {
    return this.#side.position.subarray(0, this.rows * 3)
  }

  /**
   * The values of a field; undefined where no entity of the partition has it. Which ones do is in
   * `presence`.
   */
  field<Of extends Shape>(field: Field<Of>): ColumnsOf<Of> | undefined {
    demandField(field)
    const view = this.#memory.field(this.#sideIndex, field.index)
    return view && field.columnsOn(view.data, view.stride, this.rows)
  }

  /**
   * One a row: 0 where the entity lacks the field, else the bytes of its value plus 1. Undefined
   * where no entity has it.
   */
  presence(field: Field): Int32Array | undefined {
    demandField(field)
    return this.#memory.field(this.#sideIndex, field.index)?.length.subarray(0, this.rows)
  }
}

/** What a subscription covers of one other partition. */
export interface CoveredColumns {
  readonly columns: EntityColumns
  /** The rows of the entities in the box, in no particular order. */
  readonly rows: Uint32Array
  /**
   * Where they are, in the order of `rows`: the same numbers as in `columns.positions`, closer
   * together.
   */
  readonly x: Float32Array
  readonly y: Float32Array
}

/**
 * This app's own entities, as they stand. Columns can be read at any time and written, but for ids,
 * types and states; say afterwards what was written (`moved`, `stored`, `touched`, or by a
 * `sweep`), or others, and the next tick, may see the old values. Columns that were taken before
 * entities were created don't show the new ones: take them again.
 */
export class OwnedColumns {
  readonly #state: ApplicationState
  readonly #owner: PartitionOwner
  readonly #isOpen: () => boolean

  /** @internal */
  constructor(state: ApplicationState, isOpen: () => boolean) {
    this.#state = state
    this.#owner = state.owner
    this.#isOpen = isOpen
  }

  /**
   * All columns have so many rows. Not every row holds an entity: see `states`. An entity keeps its
   * row for as long as this app owns it.
   */
  get rows(): number {
    return this.#open().rows
  }
  /** Entities. */
  get count(): number {
    return this.#open().population
  }
  /** One a row. Read only. */
  get ids(): Float64Array {
    return this.#open().back.id.subarray(0, this.rows)
  }
  /** One a row. Read only. */
  get types(): Uint32Array {
    return this.#open().back.type.subarray(0, this.rows)
  }
  /**
   * One a row: 0 where there is no entity; what is written to such a row goes nowhere. Read only.
   */
  get states(): Uint8Array {
    return this.#open().back.state.subarray(0, this.rows)
  }
  /** x, y, z a row. To be followed by `moved`. */
  get positions(): Float32Array {
    return this.#open().position.subarray(0, this.rows * 3)
  }

  /**
   * The rows of the entities that are owned from this tick on; in the first tick of an app's
   * process, of all. One of them may have the row of one that left: look at those first.
   */
  get arrivedRows(): Uint32Array {
    return Uint32Array.from(this.#open().ownership.added)
  }

  /** The rows that entities had who belong to another app from this tick on. */
  get departedRows(): Uint32Array {
    return Uint32Array.from(this.#open().ownership.removed, ({ row }) => row)
  }

  /** The ids of those, in the same order. */
  get departedIds(): Float64Array {
    return Float64Array.from(this.#open().ownership.removed, ({ id }) => id)
  }

  /**
   * The rows of the entities that should have gone to another app, which has no room: still owned,
   * and tried again each tick.
   */
  get rejectedRows(): Uint32Array {
    return Uint32Array.from(this.#open().ownership.rejected)
  }

  /**
   * The rows of these entities, in the order of the ids; -1 where this app doesn't own one. Goes
   * over all rows: ask once in a tick for all that are needed.
   */
  rowsOf(ids: Iterable<number>): Int32Array {
    const { id, state } = this.#open().back
    const wanted = [...ids]
    const rowOf = new Map(wanted.map((id) => [id, -1]))
    for (let row = 0; row < this.rows; row++)
      if (state[row] !== rowState.free && rowOf.has(id[row])) rowOf.set(id[row], row)
    return Int32Array.from(wanted, (id) => rowOf.get(id)!)
  }

  /** The handle of a row's entity, for calls that take one. Throws NotFound where it holds none. */
  entity(row: number): Entity {
    this.#requireEntity(row)
    const { index, back } = this.#owner
    const handle: LocatedEntity = { id: back.id[row], type: back.type[row], partition: index, row }
    return handle
  }

  /**
   * The values of a field, to be followed by `stored`. Throws CapacityExceeded where the machine
   * has no room, or a value is larger than fields may be.
   */
  field<Of extends Shape>(field: Field<Of>): ColumnsOf<Of> {
    const view = this.#view(field)
    return field.columnsOn(view.data, view.stride, this.rows)
  }

  /**
   * One a row: 0 where the entity lacks the field, else the bytes of its value plus 1. Read only:
   * `stored` and `give` give it, `take` takes it.
   */
  presence(field: Field): Int32Array {
    return this.#view(field).length.subarray(0, this.rows)
  }

  /**
   * Makes entities of one type in the middle of the partition's cell; write their positions next.
   * Returns their rows. Throws InvalidArgument for a type id below 512, CapacityExceeded where not
   * all of them fit: then none is made.
   */
  create(typeId: number, count: number): Uint32Array {
    const owner = this.#open()
    const refusal = refuseEntityType(typeId)
    if (refusal) throw this.#error('InvalidArgument', refusal)
    if (!Number.isInteger(count) || count < 0)
      throw this.#error('InvalidArgument', `a count is a whole number from 0 on, not ${count}`)
    const { entityLimit } = owner.memory.sizes
    if (owner.population + count > entityLimit)
      throw this.#error(
        'CapacityExceeded',
        `the partition holds ${owner.population} entities and takes no ${count} more ` +
          `(limit ${entityLimit})`,
      )
    if (!owner.memory.ensureRows(Math.max(owner.rows, owner.population + count)))
      throw this.#error(
        'CapacityExceeded',
        `no room for ${count} entities: ${owner.memory.refusal}`,
      )
    const rows = new Uint32Array(count)
    const [x, y, z] = middleOf(this.#state)
    for (let made = 0; made < count; made++) {
      const row = owner.create(typeId)
      assert(row >= 0, 'the rows are claimed, and within the limit')
      rows[made] = row
      owner.setPosition(row, x, y, z)
    }
    this.#state.metrics.createdEntity += count
    return rows
  }

  /**
   * Deletes the entities of these rows. Throws NotFound where one of them holds none: then none is
   * deleted.
   */
  delete(rows: Iterable<number>): void {
    const owner = this.#open()
    const list = [...rows]
    for (const row of list) this.#requireEntity(row)
    if (new Set(list).size < list.length)
      throw this.#error('NotFound', 'a row is named twice: its entity can be deleted only once')
    for (const row of list) owner.delete(row)
    this.#state.metrics.deletedEntity += list.length
  }

  /**
   * Says that the positions of the rows from `from` up to `to` (all, where not given) were written.
   */
  moved(from = 0, to: number = this.rows): void {
    this.#checkRange(from, to)
    this.#open().moved(from, to)
  }

  /**
   * Says that a field's values were written for the entities in the rows from `from` up to `to`
   * (all, where not given): from now on they have it, those that lacked it too. Throws
   * CapacityExceeded where an entity may have no further field.
   */
  stored(field: Field, from = 0, to: number = this.rows): void {
    this.#checkRange(from, to)
    this.#view(field)
    const owner = this.#open()
    const full = owner.storedField(field.index, field.typeId, field.bytes, from, to)
    if (full >= 0) throw this.#fieldsFull(full)
    this.#state.metrics.storeField += to - from
  }

  /**
   * Gives the entities of these rows a field, with zeros in it for those that lacked it; its values
   * can be written next, without further word. For a few among many; `stored` gives it to all in a
   * range. Throws NotFound where a row holds no entity, CapacityExceeded where an entity may have
   * no further field: then none is given it.
   */
  give(field: Field, rows: Iterable<number>): void {
    const { data, length, typeId, stride } = this.#view(field)
    const owner = this.#owner
    const list = [...rows]
    for (const row of list) {
      this.#requireEntity(row)
      if (!owner.mayHaveField(row, field.index)) throw this.#fieldsFull(row)
    }
    for (const row of list) {
      if (length[row] === 0) data.fill(0, row * stride, row * stride + field.bytes)
      length[row] = field.bytes + 1
      typeId[row] = field.typeId
      owner.touch(row)
    }
    this.#state.metrics.storeField += list.length
  }

  /**
   * Takes a field away from the entities of these rows, as far as they have it. Throws NotFound
   * where a row holds no entity: then none is taken away.
   */
  take(field: Field, rows: Iterable<number>): void {
    const list = [...rows]
    for (const row of list) this.#requireEntity(row)
    for (const row of list) this.#owner.removeField(row, field.index)
  }

  /**
   * Says that anything of these rows was written: positions, and values of fields that the entities
   * have. For a few among many. Throws NotFound where a row holds no entity, InvalidArgument where
   * its position is outside of the world: then nothing is said.
   */
  touched(rows: Iterable<number>): void {
    const list = [...rows]
    for (const row of list) this.#requireInside(row)
    for (const row of list) this.#owner.touch(row)
  }

  /** The same for one row. */
  touch(row: number): void {
    this.#requireInside(row)
    this.#owner.touch(row)
  }

  /**
   * Goes over the positions of all rows in pieces, for apps that move most of their entities in
   * most ticks. `body` reads and writes the positions (x, y, z a row) of the rows from `from` up to
   * `to` only: those of other pieces mean nothing. It needn't call `moved`, and neither creates nor
   * deletes. This is the fastest way: each piece is brought up to date, moved, and looked over
   * while it is in the processor's nearest memory. Where `body` throws, the rows that it did not
   * come to stay as they were.
   */
  sweep(body: (positions: Float32Array, from: number, to: number) => void): void {
    const owner = this.#open()
    const { rows } = owner
    const positions = owner.back.position.subarray(0, rows * 3)
    // No try here: V8 makes loops that it inlines into one half as fast. The owner knows which
    // piece is at work, and ends the sweep of a body that throws.
    for (let from = 0; from < rows && this.#isOpen(); from += SWEEP_ROWS) {
      const to = Math.min(rows, from + SWEEP_ROWS)
      owner.beginPiece(from, to)
      body(positions, from, to)
      if (this.#isOpen()) owner.endPiece(from, to)
    }
    if (this.#isOpen()) owner.endSweep()
  }

  #view(field: Field) {
    demandField(field)
    const owner = this.#open()
    const { fieldBytesMax } = owner.memory.sizes
    if (field.bytes > fieldBytesMax)
      throw this.#error(
        'CapacityExceeded',
        `a field holds ${fieldBytesMax} bytes, not ${field.bytes}`,
      )
    const view = owner.shapedField(field.index, field.bytes, field.alignBytes)
    if (!view)
      throw this.#error('CapacityExceeded', `no room for the field: ${owner.memory.refusal}`)
    owner.memory.declareShape(field.index, field)
    return view
  }

  #fieldsFull(row: number): HeddleError {
    const { fieldsPerEntity } = this.#owner.memory.sizes
    return this.#error(
      'CapacityExceeded',
      `an entity has at most ${fieldsPerEntity} fields; row ${row} has them`,
    )
  }

  #requireEntity(row: number): void {
    const owner = this.#open()
    if (
      !(row < owner.rows) ||
      owner.back.state[row] === rowState.free ||
      owner.back.state[row] === undefined
    )
      throw this.#error('NotFound', `row ${row} holds no entity of this app`)
  }

  #requireInside(row: number): void {
    this.#requireEntity(row)
    if (this.#owner.isOutside(row))
      throw this.#state.failed(outsideError(new OutsideError(row), this.#owner))
  }

  #checkRange(from: number, to: number): void {
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to > this.rows || from > to)
      throw this.#error(
        'InvalidArgument',
        `rows ${from} to ${to} are not among the ${this.rows} rows`,
      )
  }

  #open(): PartitionOwner {
    if (!this.#isOpen())
      throw this.#error('InvalidState', 'this update is committed: begin the next one')
    return this.#owner
  }

  #error(code: ErrorCode, message: string): HeddleError {
    return this.#state.failed(new HeddleError(code, message))
  }
}

/** @internal What an app is told of an entity that it has moved out of the world in bulk. */
export function outsideError({ row }: OutsideError, owner: PartitionOwner): HeddleError {
  const [x, y, z] = owner.position.subarray(row * 3, row * 3 + 3)
  return new HeddleError(
    'InvalidArgument',
    `entity ${owner.back.id[row]} (row ${row}) was moved to (${x}, ${y}, ${z}), outside ` +
      `the bounds of the world of this app's domain: move it back`,
  )
}

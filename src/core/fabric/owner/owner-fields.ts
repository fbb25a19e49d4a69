// A partition's data fields as its owner has them in a tick: open on the back side at the front's
// strides, and widened there if a value needs it.
// Owns the views and which entity may have how many fields; never records what changed.

import type { FieldView, PartitionMemory } from '../memory/partition-memory.ts'
import type { Side } from '../memory/side.ts'
import { FIELD_INDEX_MAX, strideFor } from '../memory/sizes.ts'
import type { FieldOnBothSides } from './row-takeover.ts'

export class OwnerFields {
  readonly #memory: PartitionMemory
  readonly #views: (FieldView | undefined)[] = []
  readonly #inUse: number[] = []
  #backIndex = 0
  /** Whether a field was opened or made wider in this tick. */
  hasGrown = false

  constructor(memory: PartitionMemory) {
    this.#memory = memory
  }

  /**
   * Opens the fields on the back side of a tick at the front's strides. Returns true if a stride
   * differs: all rows must be copied then. With `follows`, the owner has written the front side
   * itself, and so knows which fields are in use there.
   */
  begin(tick: number, follows: boolean): boolean {
    this.#backIndex = tick % 2
    this.hasGrown = false
    const front = this.#memory.side(tick + 1)
    const back = this.#memory.side(tick)
    if (!follows) return this.#openAll(front, back)
    let changed = false
    for (const field of this.#inUse)
      if (this.#open(field, front.fieldStride(field), back)) changed = true
    return changed
  }

  /** The field's columns on the back side, if it is in use. */
  view(field: number): FieldView | undefined {
    return this.#views[field]
  }

  onBothSides(): FieldOnBothSides[] {
    const front = 1 - this.#backIndex
    return this.#inUse.map((index) => ({
      index,
      front: this.#memory.field(front, index)!,
      back: this.#views[index]!,
    }))
  }

  /** Removes all fields of a row. */
  clear(row: number): void {
    for (const field of this.#inUse) this.#views[field]!.length[row] = 0
  }

  /** Whether the row's entity has the field, or may have it in addition to its others. */
  mayHave(row: number, field: number): boolean {
    const { fieldsPerEntity = FIELD_INDEX_MAX } = this.#memory.sizes
    if (fieldsPerEntity >= FIELD_INDEX_MAX || (this.#views[field]?.length[row] ?? 0) !== 0)
      return true
    let count = 0
    for (const index of this.#inUse) if (this.#views[index]!.length[row] !== 0) count++
    return count < fieldsPerEntity
  }

  /**
   * Ensures that `bytes` fit, and with `alignBytes` that the stride is a multiple of it. Returns
   * false if the machine has no room.
   */
  reserve(field: number, bytes: number, rows: number, alignBytes = 4): boolean {
    const strideBefore = this.#views[field]?.stride ?? 0
    let stride = strideFor(bytes, strideBefore, this.#memory.sizes)
    while (stride % alignBytes !== 0) stride += 4
    return this.widen(field, stride, rows)
  }

  /**
   * Opens or widens a field on the back side, and moves the values of its `rows` rows. Returns
   * false if the machine has no room.
   */
  widen(field: number, stride: number, rows: number): boolean {
    const strideBefore = this.#views[field]?.stride ?? 0
    if (stride <= strideBefore) return true
    if (!this.#memory.ensureField(field, stride)) return false
    this.hasGrown = true
    const view = this.#memory.openField(this.#backIndex, field, stride)
    this.#views[field] = view
    if (strideBefore === 0) {
      this.#inUse.push(field)
      view.length.fill(0, 0, rows)
    }
    // The rows stay in the same memory, so they move from the last one down: none is overwritten
    // before it has moved.
    else
      for (let row = rows - 1; row > 0; row--)
        view.data.copyWithin(row * stride, row * strideBefore, (row + 1) * strideBefore)
    return true
  }

  #openAll(front: Side, back: Side): boolean {
    let changed = false
    this.#inUse.length = 0
    for (let field = 1; field <= FIELD_INDEX_MAX; field++) {
      const stride = front.fieldStride(field)
      if (this.#open(field, stride, back)) changed = true
      if (stride !== 0) this.#inUse.push(field)
    }
    return changed
  }

  /** True if the back side had another stride. */
  #open(field: number, stride: number, back: Side): boolean {
    // The back side's own number, since a process that died may have left anything.
    const changed = back.fieldStrides[field] !== stride
    if (changed) back.setFieldStride(field, stride)
    this.#views[field] = stride === 0 ? undefined : this.#memory.field(this.#backIndex, field)
    return changed
  }
}

// The values of a field for all entries of a neighbourhood, gathered from the partitions that hold
// them.
// Owns the copies, one a field, which are used again at the next call; never writes to the fabric.

import type { FieldView } from '../../../src/core/fabric/memory/partition-memory.ts'
import type { ColumnsOf, Field, Shape } from './field.ts'
import type { Others } from './others.ts'
import type { Sight } from './sight.ts'

export class NeighbourValues {
  readonly #copies = new Map<number, Uint32Array<ArrayBuffer>>()

  /**
   * Values of the first `ownRows` own rows as they are now, and of other apps' entities as of the
   * previous tick. Entities without the field have zeros.
   */
  gather<Of extends Shape>(
    { owner, host }: Sight,
    others: Others,
    ownRows: number,
    field: Field<Of>,
  ): ColumnsOf<Of> {
    const count = ownRows + others.count
    const unit = Math.max(4, field.alignBytes)
    const stride = (Math.ceil(field.bytes / unit) * unit) / 4
    const words = this.#reserve(field.index, count * stride)
    const present = field.bytes + 1
    const own = owner.field(field.index)
    for (let row = 0; row < ownRows; row++) copy(own, row, row)
    const views = new Map<number, FieldView | undefined>()
    for (let place = 0; place < others.count; place++) {
      const partition = others.partitions[place]
      if (!views.has(partition))
        views.set(
          partition,
          host.fabric.partition(partition).field((owner.tick - 1) % 2, field.index),
        )
      copy(views.get(partition), others.rows[place], ownRows + place)
    }
    return field.columnsOn(new Uint8Array(words.buffer), stride * 4, count)

    function copy(from: FieldView | undefined, row: number, entry: number): void {
      if (!from || from.length[row] !== present) return
      const start = (row * from.stride) >>> 2
      for (let word = 0; word < stride; word++)
        words[entry * stride + word] = from.words[start + word]
    }
  }

  /** So many zeros. */
  #reserve(field: number, length: number): Uint32Array<ArrayBuffer> {
    let words = this.#copies.get(field)
    if (!words || words.length < length) {
      words = new Uint32Array(length + (length >>> 1))
      this.#copies.set(field, words)
    } else words.fill(0, 0, length)
    return words
  }
}

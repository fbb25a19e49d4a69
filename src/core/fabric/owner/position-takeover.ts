// The positions of a partition on their way from the front side to the back side: all at once, or
// piece by piece for apps that sweep over them. Each piece is copied just before it is moved, so
// that a position passes through the processor once.
// Owns the progress of the copy, and the positions of entities that arrived beyond it; never
// decides what is moved.

import { RowList } from '../memory/row-list.ts'
import type { Side } from '../memory/side.ts'

/**
 * Most arrivals of a tick with copying by pieces, since each piece searches them all. With more,
 * all positions are copied at once.
 */
const ARRIVALS_MAX = 4096

export class PositionTakeover {
  #front!: Side
  #back!: Side
  /** Rows below this are on the back side. */
  #taken = 0
  /** Rows above it in which entities arrived, and the positions of these. */
  readonly #arrived = new RowList()
  readonly #arrivedAt = new Float32Array(ARRIVALS_MAX * 3)

  /** `taken` rows of the back side are up to date; the others follow. */
  begin(front: Side, back: Side, taken: number): void {
    this.#front = front
    this.#back = back
    this.#taken = taken
    this.#arrived.clear()
  }

  /** Copies the positions below `to` to the back side, and then those of arrivals over them. */
  take(to: number): void {
    const from = this.#taken
    if (from >= to) return
    const { position } = this.#back
    const known = Math.min(to, this.#front.rows)
    if (from < known) position.set(this.#front.position.subarray(from * 3, known * 3), from * 3)
    const { rows, count } = this.#arrived
    for (let place = 0; place < count; place++) {
      const row = rows[place]
      if (row >= from && row < to)
        for (let axis = 0; axis < 3; axis++)
          position[row * 3 + axis] = this.#arrivedAt[place * 3 + axis]
    }
    this.#taken = to
  }

  /** An entity arrived in a row. */
  arrive(row: number, x: number, y: number, z: number): void {
    if (this.#arrived.count === ARRIVALS_MAX) this.take(this.#front.rows)
    let positions = this.#back.position
    let place = row
    if (row >= this.#taken && row < this.#front.rows) {
      place = this.#arrived.count
      this.#arrived.push(row)
      positions = this.#arrivedAt
    }
    positions[place * 3] = x
    positions[place * 3 + 1] = y
    positions[place * 3 + 2] = z
  }
}

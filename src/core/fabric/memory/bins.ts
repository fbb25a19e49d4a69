// How a cell is cut into the bins of its spatial index. Owns the arithmetic only; what lies outside of the cell counts to the bins at its edge.

import type { Box } from './box.ts'
import { BINS_PER_AXIS_MAX } from './layout.ts'

/** At least about so many entities in a bin: fewer make more bins than entities. */
const ENTITIES_PER_BIN_MIN = 4
/** A box looks into about so many bins, or more: fewer make it look at many entities that are not in it, more make sorting take longer. */
const BINS_PER_BOX = 8

export class Bins {
  /** Along each axis. */
  readonly count: number
  readonly #minX: number
  readonly #minY: number
  readonly #perUnitX: number
  readonly #perUnitY: number

  constructor({ minX, minY, maxX, maxY }: Box, count: number) {
    this.count = count
    this.#minX = minX
    this.#minY = minY
    this.#perUnitX = count / (maxX - minX)
    this.#perUnitY = count / (maxY - minY)
  }

  /** For so many entities, of which a box that is asked for usually holds so many. */
  static countFor(entities: number, inBox: number): number {
    // Boxes that have only an edge in common with the cell hold 0 of 0, which is no number.
    const perBin =
      inBox > ENTITIES_PER_BIN_MIN * BINS_PER_BOX ? inBox / BINS_PER_BOX : ENTITIES_PER_BIN_MIN
    return Math.max(1, Math.min(BINS_PER_AXIS_MAX, Math.ceil(Math.sqrt(entities / perBin))))
  }

  columnOf(x: number): number {
    const column = (x - this.#minX) * this.#perUnitX
    return column >= this.count ? this.count - 1 : column > 0 ? column | 0 : 0
  }

  rowOf(y: number): number {
    const row = (y - this.#minY) * this.#perUnitY
    return row >= this.count ? this.count - 1 : row > 0 ? row | 0 : 0
  }

  /** NaN counts as the lowest. */
  binOf(x: number, y: number): number {
    return this.rowOf(y) * this.count + this.columnOf(x)
  }
}

// How a cell is cut into the bins of its spatial index.
// Owns only the arithmetic. A position outside of the cell belongs to the bins at its edge.

import type { Box } from './box.ts'
import { BINS_PER_AXIS_MAX } from './sizes.ts'

/** Least entities in a bin, approximately: with fewer there would be more bins than entities. */
const ENTITIES_PER_BIN_MIN = 4
/**
 * Bins that a box covers, approximately, or more. With fewer, a query looks at many entities
 * outside of its box; with more, sorting takes longer.
 */
const BINS_PER_BOX = 8

export class Bins {
  /** Bins along each axis. */
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

  /** Bins for a number of entities, of which a requested box usually holds `inBox`. */
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

  /** NaN belongs to the lowest bin. */
  binOf(x: number, y: number): number {
    return this.rowOf(y) * this.count + this.columnOf(x)
  }
}

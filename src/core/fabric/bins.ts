// How a cell is cut into the bins of its spatial index. Owns the arithmetic only; what lies outside of the cell counts to the bins at its edge.

import type { Box } from './box.ts'
import { binsPerAxisMax } from './layout.ts'

/** About so many entities in a bin: fewer make more bins than entities, more make a box look at many that are not in it. */
const entitiesPerBin = 4

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

  /** For so many entities. */
  static countFor(entities: number): number {
    return Math.max(1, Math.min(binsPerAxisMax, Math.ceil(Math.sqrt(entities / entitiesPerBin))))
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

// How a cell is cut into the bins of its spatial index. Owns the arithmetic only; what lies outside of the cell counts to the bins at its edge.

import type { Box } from './box.ts'
import { binsPerAxis } from './layout.ts'

export class Bins {
  readonly #minX: number
  readonly #minY: number
  readonly #perUnitX: number
  readonly #perUnitY: number

  constructor({ minX, minY, maxX, maxY }: Box) {
    this.#minX = minX
    this.#minY = minY
    this.#perUnitX = binsPerAxis / (maxX - minX)
    this.#perUnitY = binsPerAxis / (maxY - minY)
  }

  columnOf(x: number): number {
    return clamp((x - this.#minX) * this.#perUnitX)
  }

  rowOf(y: number): number {
    return clamp((y - this.#minY) * this.#perUnitY)
  }

  /** NaN counts as the lowest. */
  binOf(x: number, y: number): number {
    return this.rowOf(y) * binsPerAxis + this.columnOf(x)
  }
}

function clamp(bin: number): number {
  return bin >= binsPerAxis ? binsPerAxis - 1 : bin > 0 ? bin | 0 : 0
}

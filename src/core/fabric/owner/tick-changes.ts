// What an owner changed in one tick, kept in its own process. Two ticks later it brings the same
// side up to date by copying only this.
// Owns the bookkeeping; never touches the fabric.

import { RowList } from '../memory/row-list.ts'

/** The smallest range around all that was added. */
class RowRange {
  from = Number.POSITIVE_INFINITY
  to = 0

  get isEmpty(): boolean {
    return this.from >= this.to
  }

  add(from: number, to: number): void {
    if (from < this.from) this.from = from
    if (to > this.to) this.to = to
  }

  clear(): void {
    this.from = Number.POSITIVE_INFINITY
    this.to = 0
  }
}

export class TickChanges {
  /** Rows of which any column may have changed. */
  readonly rows: RowList = new RowList()
  /** Rows whose positions were written in bulk. */
  readonly position: RowRange = new RowRange()
  /** Rows whose `changed` was written in bulk. */
  readonly stamps: RowRange = new RowRange()
  /** Whether the app went over its positions in a sweep, as it probably will again. */
  sweeps = false
  /** By field: rows whose data, and whose lengths and type ids, were written in bulk. */
  readonly fields: Map<number, { data: RowRange; heads: RowRange }> = new Map()

  field(index: number): { data: RowRange; heads: RowRange } {
    let change = this.fields.get(index)
    if (!change) {
      change = { data: new RowRange(), heads: new RowRange() }
      this.fields.set(index, change)
    }
    return change
  }

  clear(): void {
    this.rows.clear()
    this.position.clear()
    this.stamps.clear()
    this.sweeps = false
    for (const { data, heads } of this.fields.values()) {
      data.clear()
      heads.clear()
    }
  }
}

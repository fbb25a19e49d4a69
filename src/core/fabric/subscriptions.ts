// What an app hears of other partitions' entities: boxes on domains, compared with what was seen at the last look.
// Owns what was seen; nothing grows while the app does not look, and the events of many ticks come as one. Never covers the app's own entities:
// those are reported as ownership changes, which is why an ownership event comes one tick before the subscription event of the same entity.

import type { Fabric } from './fabric.ts'
import { type PartitionMemory, rowState, type Side } from './partition-memory.ts'

/** In world units; an entity on an edge is inside. */
export interface Box {
  minX: number
  minY: number
  maxX: number
  maxY: number
}

/** An entity of another partition, as seen last: its row there is good until the next commit. */
export interface SeenEntity {
  readonly id: number
  readonly type: number
  partition: number
  row: number
}

export interface SubscriptionEvent {
  kind: 'Add' | 'Update' | 'Remove'
  entity: SeenEntity
}

export class Subscription {
  readonly domain: number
  box: Box
  readonly #fabric: Fabric
  readonly #owner: number
  readonly #seen = new Map<number, SeenEntity>()
  #lookedAt = -1

  constructor(fabric: Fabric, options: { owner: number; domain: number; box: Box }) {
    this.#fabric = fabric
    this.#owner = options.owner
    this.domain = options.domain
    this.box = options.box
  }

  /** The entities inside at the last look. */
  get seen(): ReadonlyMap<number, SeenEntity> {
    return this.#seen
  }

  contains(x: number, y: number): boolean {
    const { minX, minY, maxX, maxY } = this.box
    return x >= minX && x <= maxX && y >= minY && y <= maxY
  }

  /**
   * What changed since the last look, up to the committed `tick`: removals first, then the rest by partition and row.
   * An entity that went from one partition to another inside the box is an Update.
   */
  look(tick: number): SubscriptionEvent[] {
    if (tick === this.#lookedAt) return []
    const since = this.#lookedAt
    this.#lookedAt = tick
    const events: SubscriptionEvent[] = []
    const inside = new Set<number>()
    const visit = (memory: PartitionMemory, side: Side, row: number) => {
      const id = side.id[row]
      inside.add(id)
      const seen = this.#seen.get(id)
      if (!seen) {
        const entity = { id, type: side.type[row], partition: memory.index, row }
        this.#seen.set(id, entity)
        events.push({ kind: 'Add', entity })
        return
      }
      const moved = seen.partition !== memory.index
      seen.partition = memory.index
      seen.row = row
      if (moved || ((side.changed[row] - since) | 0) > 0) events.push({ kind: 'Update', entity: seen })
    }
    for (const partition of this.#fabric.partitions()) {
      if (partition !== this.#owner && this.#fabric.control.partitionWord(partition, 'domain') === this.domain) {
        this.#scan(partition, tick, visit)
      }
    }
    const removed: SubscriptionEvent[] = []
    if (this.#seen.size > inside.size) {
      for (const [id, entity] of this.#seen) {
        if (inside.has(id)) continue
        this.#seen.delete(id)
        removed.push({ kind: 'Remove', entity })
      }
    }
    return [...removed, ...events]
  }

  #scan(partition: number, tick: number, visit: (memory: PartitionMemory, side: Side, row: number) => void): void {
    const memory = this.#fabric.partition(partition)
    const side = memory.side(tick)
    const { position, state } = side
    if (side.get('strays') === 0 && !this.#cellTouchesBox(partition)) {
      // Only what is on its way out, or wants to be, lies outside of its owner's cell.
      for (let group = 0; group < side.get('handoffGroups'); group++) {
        const start = side.handoffStart[group]
        for (let place = start; place < start + side.handoffCount[group]; place++) {
          const row = side.leavingRow[place]
          if (this.contains(position[row * 3], position[row * 3 + 1])) visit(memory, side, row)
        }
      }
      return
    }
    const { minX, minY, maxX, maxY } = this.box
    const rows = side.rows
    for (let row = 0; row < rows; row++) {
      const x = position[row * 3]
      const y = position[row * 3 + 1]
      if (x >= minX && x <= maxX && y >= minY && y <= maxY && state[row] !== rowState.free) visit(memory, side, row)
    }
  }

  #cellTouchesBox(partition: number): boolean {
    const grid = this.#fabric.world.grids[this.domain]
    if (!grid) return true
    const cell = grid.boundsOf(this.#fabric.control.partitionWord(partition, 'cell'))
    const { minX, minY, maxX, maxY } = this.box
    return cell.minX <= maxX && cell.maxX >= minX && cell.minY <= maxY && cell.maxY >= minY
  }
}
